"""An SQS message: as received, as sent again, and as JSON in an export file."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeGuard

from processing.dead_letter_attributes import NOT_ALLOWED

# Amazon SQS Developer Guide, "Message quotas", attributes included. Batches had a limit of 256 KiB before: they fit
# into every version of the service.
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 256 * 1024
MAX_BATCH_ENTRIES = 10
MAX_ATTRIBUTES = 10

_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\..+)?")

Attributes = Mapping[str, Mapping[str, Any]]


class MessageFormatError(ValueError):
    """SQS would not accept this message; the text names the reason."""


@dataclass(frozen=True, kw_only=True)
class StoredMessage:
    """A message of a queue or of an export file.

    Attributes:
        id: the message id in the queue it was received from.
        body: the text that was sent.
        attributes: message attributes: name to `DataType` and `StringValue` or `BinaryValue`.
        system: SQS's own attributes, such as `SentTimestamp`.
        receipt_handle: needed to delete or release it; empty for a message from a file.
    """

    id: str
    body: str
    attributes: Attributes = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    receipt_handle: str = ""

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> "StoredMessage":
        """Read one element of ReceiveMessage's `Messages`."""
        return cls(
            id=answer["MessageId"],
            body=answer["Body"],
            attributes={name: _bare(value) for name, value in answer.get("MessageAttributes", {}).items()},
            system=answer.get("Attributes", {}),
            receipt_handle=answer["ReceiptHandle"],
        )

    @property
    def sent_at(self) -> datetime:
        """SentTimestamp; SQS keeps the first one when its redrive policy moves a message to a DLQ."""
        return datetime.fromtimestamp(int(self.system.get("SentTimestamp", 0)) / 1000, UTC)

    @property
    def size_bytes(self) -> int:
        """The bytes that count against SQS's limits: the body, and each attribute's name, type and value."""
        return len(self.body.encode()) + sum(_attribute_bytes(*item) for item in self.attributes.items())

    def text(self, attribute: str) -> str:
        """Return an attribute's StringValue; empty if there is none."""
        return str(self.attributes.get(attribute, {}).get("StringValue", ""))

    def send_arguments(self) -> dict[str, Any]:
        """Return SendMessage's arguments, with attributes, without `AWSTraceHeader`.

        The header carries Lambda's count of invocations, which drops an event above sixteen (Lambda Developer Guide,
        "Recursive loop detection"): with it, a message that is redriven often would not be processed any more.
        """
        arguments: dict[str, Any] = {"MessageBody": self.body}
        if self.attributes:
            arguments["MessageAttributes"] = dict(self.attributes)
        return arguments

    def to_document(self) -> dict[str, Any]:
        """Return JSON: `id`, `body`, `attributes` and `system`; binary values in base64."""
        attributes = {name: _encode(value) for name, value in self.attributes.items()}
        return {"id": self.id, "body": self.body, "attributes": attributes, "system": dict(self.system)}

    @classmethod
    def from_document(cls, document: Any) -> "StoredMessage":
        """Read and check the JSON of `to_document`, edited or not; only `body` is required.

        Raises:
            MessageFormatError: SQS would not accept it.
        """
        if not isinstance(document, dict):
            raise MessageFormatError("not a JSON object")
        body, attributes = document.get("body"), document.get("attributes", {})
        system, message_id = document.get("system", {}), document.get("id", "")
        if not _is_text(body):
            raise MessageFormatError("`body` is missing, empty, not text, or has characters that SQS refuses")
        if not isinstance(attributes, dict) or len(attributes) > MAX_ATTRIBUTES:
            raise MessageFormatError(f"`attributes` is not a JSON object of at most {MAX_ATTRIBUTES} attributes")
        if not isinstance(system, dict) or not all(isinstance(value, str) for value in system.values()):
            raise MessageFormatError("`system` is not a JSON object of texts")
        if not isinstance(message_id, str):
            raise MessageFormatError("`id` is not text")
        read = {name: _decode(name, value) for name, value in attributes.items()}
        message = cls(id=message_id, body=body, attributes=read, system=system)
        if message.size_bytes > MAX_MESSAGE_BYTES:
            raise MessageFormatError(f"{message.size_bytes:,} bytes with attributes, SQS takes {MAX_MESSAGE_BYTES:,}")
        return message


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value) and not NOT_ALLOWED.search(value)


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in ("DataType", "StringValue", "BinaryValue") if name in value}


def _attribute_bytes(name: str, value: Mapping[str, Any]) -> int:
    content = value.get("BinaryValue", value.get("StringValue", ""))
    content_bytes = len(content) if isinstance(content, bytes) else len(content.encode())
    return len(name.encode()) + len(value["DataType"].encode()) + content_bytes


def _encode(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: base64.b64encode(v).decode() if isinstance(v, bytes) else v for name, v in value.items()}


def _decode(name: str, value: Any) -> dict[str, Any]:
    wrong = MessageFormatError(f"the attribute {name!r:.80} has a form that SQS refuses")
    data_type = value.get("DataType") if isinstance(value, dict) else None
    if not _ATTRIBUTE_NAME.fullmatch(name) or not isinstance(data_type, str) or not _DATA_TYPE.fullmatch(data_type):
        raise wrong
    field_name = "BinaryValue" if data_type.startswith("Binary") else "StringValue"
    content = value.get(field_name)
    if not _is_text(content) or len(value) != 2:
        raise wrong
    try:
        decoded = base64.b64decode(content, validate=True) if field_name == "BinaryValue" else content
    except binascii.Error:
        raise wrong from None
    return {"DataType": data_type, field_name: decoded}
