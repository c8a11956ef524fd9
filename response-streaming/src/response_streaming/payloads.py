"""Decodes events and encodes results to the same bytes as awslambdaric, without its simplejson.

https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_marshaller.py

Two rare values differ: a named tuple becomes an array here (an object there), and bytes as a key of an
object are refused here (decoded there).
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

from response_streaming.failures import FaultError

_JSON = "application/json"
_ESCAPES_NON_ASCII = tuple(f"AWS_Lambda_python3.{minor}" for minor in (8, 9, 10, 11))


def decode_event(body: bytes, content_type: str | None) -> Any:
    """The event for the handler: parsed JSON, or the unchanged bytes for another content type.

    Raises FaultError (Runtime.UnmarshalError).
    """
    if content_type not in (None, _JSON):
        return body
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FaultError("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def encode_result(result: Any) -> tuple[bytes, str]:
    """The body for a handler's return value, and its content type.

    Raises FaultError (Runtime.MarshalError) for a value that JSON cannot represent.
    """
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return encode_json(result), _JSON
    except Exception as error:
        raise FaultError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def encode_json(value: Any) -> bytes:
    """`value` as JSON. Raises TypeError, ValueError, RecursionError, and exceptions of the value's own methods."""
    encoder = _Encoder()
    text = encoder.encode(value)
    if encoder.mark is not None:
        text = re.sub(rf'"{encoder.mark}:([^"]*)"', r"\1", text)
    return text.encode("utf-8")


class _Encoder(json.JSONEncoder):
    mark: str | None = None  # marks a Decimal's digits, whose quotes are removed later

    def __init__(self) -> None:
        # Unset outside of the managed runtimes; awslambdaric then escapes, too.
        runtime = os.environ.get("AWS_EXECUTION_ENV", "")
        managed = runtime.startswith("AWS_Lambda_python3.")
        super().__init__(ensure_ascii=not managed or runtime in _ESCAPES_NON_ASCII)

    def default(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        if _is_decimal(value):
            return float("nan") if value.is_nan() else self._marked(value)
        as_dict = getattr(value, "_asdict", None)
        return as_dict() if callable(as_dict) else super().default(value)

    def _marked(self, value: Any) -> str:
        if self.mark is None:
            self.mark = os.urandom(16).hex()  # random, so it cannot occur in the data
        return f"{self.mark}:{value}"


def _is_decimal(value: Any) -> bool:
    decimal = sys.modules.get("decimal")  # if not imported, no value can be a Decimal
    return decimal is not None and isinstance(value, decimal.Decimal)
