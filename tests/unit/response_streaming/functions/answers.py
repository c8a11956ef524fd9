"""A handler of ordinary results, which both runtimes run so that their posts can be compared."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Any

RESULTS: dict[str, Any] = {
    "proxy object": {"statusCode": 200, "headers": {"a": "b"}, "body": "{}", "isBase64Encoded": False},
    "text beyond ASCII": "Grüße, \u2028 \x7f \U0001f600",
    "nothing": None,
    "numbers": [1, -0.0, 1e16, 10**30, float("nan"), float("inf"), True],
    "decimals": {"price": Decimal("1.10"), "large": Decimal("1E+2"), "nan": Decimal("NaN"), "n": "1.10"},
    "keys": {1: "a", None: "b", 1.5: "c"},
    "tuple and bytes inside": ("a", {"b": "grün".encode()}),
    "bytes": b"\x00\xff",
    "a set": {1},
    "an object": object,
    "a tuple as key": {(1,): 2},
    "bytes that are no text": [b"\xff"],
}

PLAIN = (
    "function_name",
    "function_version",
    "invoked_function_arn",
    "memory_limit_in_mb",
    "aws_request_id",
    "log_group_name",
    "log_stream_name",
    "tenant_id",
)


def handler(event: Any, context: Any) -> Any:
    """The result that the event names, or else the event itself; `{"raise": …}` raises."""
    if isinstance(event, dict) and "raise" in event:
        raise LookupError(event["raise"])
    if isinstance(event, dict) and "result" in event:
        return RESULTS[event["result"]]
    return event


def about_context(event: Any, context: Any) -> Any:
    """Everything a handler can read from its context, and the trace id of its environment."""
    return {
        **{name: getattr(context, name) for name in PLAIN},
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "client": context.client_context and context.client_context.client.app_title,
        "custom": context.client_context and context.client_context.custom,
        "w3c": context.w3c(),
        "time left": 0 < context.get_remaining_time_in_millis() <= 60_000,
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }
