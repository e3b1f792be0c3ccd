"""The Lambda function that processes photos; it is built at import, in Lambda's init phase."""

from handlers.init_phase import end_init

# isort: split
import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.clients import make_client
from handlers.reporting import logger
from handlers.services import PartialBatchResponse, Services
from processing.worker.sandbox import protect_memory

services = Services.build(os.environ, make_client, is_protected=protect_memory())
end_init()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse:
    """Handle one batch of SQS messages; see `Services.handle`."""
    return services.handle(event, context)
