"""A guard for the folder's promise: unit tests run in one process and without moto."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

_NEW_PROCESS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"})
_ADVICE = "unit tests run in one process and without moto; move this test to tests/integration/"


class Guard:
    """Refuses new processes and moto while a unit test runs.

    Attributes:
        active: True while a test of this folder runs its fixtures or itself.
        refused: what the running test tried, for code that swallows the exception.
    """

    def __init__(self) -> None:
        self.active = False
        self.refused: list[str] = []
        sys.addaudithook(self._audit)

    def refuse(self, attempt: str) -> None:
        self.refused.append(attempt)
        raise RuntimeError(f"{attempt}: {_ADVICE}")

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.active and event in _NEW_PROCESS:
            self.refuse(f"{event} {arguments[:1]}")

    def watch(self) -> Iterator[None]:
        self.active = True
        self.refused.clear()
        moto = sys.modules.get("moto.core.models")
        with pytest.MonkeyPatch.context() as patch:
            if moto:
                patch.setattr(moto.MockAWS, "start", lambda *_, **__: self.refuse("moto.mock_aws"))
            try:
                yield
            finally:
                self.active = False
        if self.refused:
            pytest.fail(f"{self.refused[0]}: {_ADVICE}", pytrace=False)


_guard = Guard()  # an audit hook cannot be removed, so there is one for the whole process


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    return (yield from _guard.watch())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    return (yield from _guard.watch())
