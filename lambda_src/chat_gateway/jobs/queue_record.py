"""Reads one record of an SQS event into a `JobMessage`.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chat_gateway.jobs.lines import BATCH_LINE_ATTRIBUTE, CLIENT_ATTRIBUTE, KEY_ATTRIBUTE, JobMessage

# An idempotency key: a sender that is unsure whether a message arrived can send it again with the same key.
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


def read(record: Mapping[str, Any]) -> JobMessage:
    """The message. Raises KeyError and ValueError for a malformed record."""
    attributes = record.get("messageAttributes", {})
    sent = attributes.get(KEY_ATTRIBUTE)
    key = (sent or {}).get("stringValue") or ""
    is_key = _KEY.fullmatch(key) is not None
    message = JobMessage(
        id=record["messageId"],
        key=key if is_key else record["messageId"],
        has_bad_key=sent is not None and not is_key,
        # Without the session of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        sender=record["attributes"].get("SenderId", "").partition(":")[0],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        receives=int(record["attributes"]["ApproximateReceiveCount"]),
        sent_at_s=int(record["attributes"]["SentTimestamp"]) / 1000,
        named_client=_named_client(attributes.get(CLIENT_ATTRIBUTE)),
    )
    return _as_line(message) if BATCH_LINE_ATTRIBUTE in attributes else message


def _as_line(message: JobMessage) -> JobMessage:
    """The message as that of a batch's line; unchanged if its body is anything else."""
    from resource_items import batch_lines

    try:
        line = batch_lines.from_message(message.body)
    except ValueError:
        return message
    return replace(message, key=line.job_key, has_bad_key=False, named_client=None, batch_line=line)


def _named_client(attribute: Mapping[str, Any] | None) -> str | None:
    """The text of the attribute; empty if it has another type, which names no client that exists."""
    return None if attribute is None else attribute.get("stringValue") or ""
