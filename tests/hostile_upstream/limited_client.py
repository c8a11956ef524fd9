"""A client with limits: what the authorizer and the clients table say of it, and how its jobs name it."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.aws_answers import USAGE_KEY
from client_keys import item as client_item
from client_keys.no_limits import CONTEXT
from client_keys.policy import Policy

ID = "limited"
# May name the client of a job.
SENDER = "AIDALIMITED"
SLOTS = 2
_POLICY = Policy(
    max_completion_tokens=100,
    requests_per_minute=1_000,
    tokens_per_minute=1_000_000,
    tokens_per_day=1_000_000,
    concurrent_requests=SLOTS,
    monthly_budget_cents=100,
).to_text()
AUTHORIZER = {"principalId": ID, CONTEXT: _POLICY}
# A reservation, its settlement and the record of the usage.
UPDATES = 3
_KEY = client_item.of_client(ID)


def answer(operation: str, body: bytes) -> bytes | None:
    """DynamoDB's answer to a read of the client's own item; None for another call."""
    if operation != "GetItem" or json.loads(body)["Key"] != _KEY:
        return None
    return json.dumps({"Item": {**_KEY, client_item.POLICY: {"S": _POLICY}}}).encode()


def as_sender(record: dict[str, Any]) -> dict[str, Any]:
    """The SQS record of a job that names the client."""
    attributes = {**record["attributes"], "SenderId": SENDER}
    named = {"client": {"stringValue": ID, "dataType": "String"}}
    return {**record, "attributes": attributes, "messageAttributes": named}


def is_update(operation: str, parameters: dict[str, Any]) -> bool:
    """Whether a call of DynamoDB counts a request, or records its usage."""
    return operation == "UpdateItem" and USAGE_KEY in parameters["Key"]
