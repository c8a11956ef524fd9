"""One line of OpenAI's batch input, checked before it is sent.

https://platform.openai.com/docs/api-reference/batch/request-input
"""

from __future__ import annotations

from gateway_cli import json_line
from gateway_cli.json_line import BadLineError

# SQS's limit of 1 MiB, both for a message and for a batch:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_MESSAGE_BYTES = 1_048_576 - 256  # minus the attributes that are sent with the line
_MAX_CUSTOM_ID_CHARACTERS = 512
_URLS = ("/v1/chat/completions", "/openai/v1/chat/completions")
# Characters that JSON allows in strings, but SQS does not allow in messages (same page).
_ESCAPES = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def custom_id(raw: bytes | None) -> str:
    """The `custom_id` of a line that can be sent. `raw` is None for a line that is too long. Raises BadLineError."""
    if raw is None or len(message_body(raw).encode()) > MAX_MESSAGE_BYTES:
        raise BadLineError("longer than 1 MiB, SQS's limit for a message")
    document = json_line.loads(raw)
    found = document.get("custom_id")
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_CUSTOM_ID_CHARACTERS:
        raise BadLineError(f"'custom_id' must be a string of 1 to {_MAX_CUSTOM_ID_CHARACTERS} characters")
    if document.get("method") != "POST":
        raise BadLineError("'method' must be POST")
    if document.get("url") not in _URLS:
        raise BadLineError(f"'url' must be {_URLS[0]}")
    if not isinstance(document.get("body"), dict):
        raise BadLineError("'body' must be an object")
    return found


def message_body(raw: bytes) -> str:
    """The line as a message body that SQS accepts, with the same JSON. Raises BadLineError."""
    try:
        return raw.decode().translate(_ESCAPES)
    except UnicodeDecodeError:
        raise BadLineError("not UTF-8") from None
