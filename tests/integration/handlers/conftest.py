"""The function's environment: it is read when the function is imported, and so before any fixture runs."""

from tests.unit.handlers.conftest import ENVIRONMENT, _workers_end_with_the_session

__all__ = ["ENVIRONMENT", "_workers_end_with_the_session"]
