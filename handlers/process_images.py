"""The Lambda function behind the queue: photos in, renditions, PDFs and a digest out."""

from handlers.init_phase import end_init

# isort: split
import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.observability import logger
from handlers.services import House
from handlers.sqs_message import Message

house = House.build(os.environ)
# All records failing is an answer like any other: raising would bring back the ones that were dead-lettered too.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
end_init()


class NotAnSqsEventError(ValueError):
    """The function was invoked with something else than a batch of SQS messages."""


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handles one batch from the queue.

    Args:
        event: `{"Records": [...]}` as the event source mapping sends it.
        context: Lambda's.

    Returns:
        The partial batch response: `{"batchItemFailures": [{"itemIdentifier": message id}, ...]}`.

    Raises:
        NotAnSqsEventError: on any other event, which would otherwise look like a batch in which all went well.
    """
    messages = read_messages(event)
    batch = house.open_batch(
        messages, seconds_left=context.get_remaining_time_in_millis() / 1000, request_id=context.aws_request_id
    )

    def record_handler(record: SQSRecord) -> None:
        batch.settle(record.message_id)

    response = process_partial_response(event, record_handler, processor, context)
    batch.close()
    house.announcer.announce(batch.results, context.aws_request_id)
    return response


def read_messages(event: dict[str, Any]) -> list[Message]:
    """Reads the messages of a batch.

    Raises:
        NotAnSqsEventError: the event is not a batch of SQS messages.
    """
    try:
        return [Message.from_record(record) for record in event["Records"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAnSqsEventError(f"not a batch of SQS messages: {type(error).__name__}: {error}") from error
