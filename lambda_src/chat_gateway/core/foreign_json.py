"""Reads JSON that Bedrock sent. The result can be written as JSON again, and its size in memory is limited."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from chat_gateway.core import json_depth
from chat_gateway.core.json_depth import MAX_DEPTH

# A value of two bytes (`[]`) takes about 100 bytes in memory; this many values fit into the function's memory.
_MAX_VALUES = 500_000


def loads(data: bytes | str) -> Any:
    """The JSON document in `data`; bytes must be UTF-8.

    Raises ValueError if `data` is not JSON, holds NaN or a fraction too large for a double, is nested more than 100 deep,
    or has more than 500,000 values. Text of up to 400 characters may be nested deeper.
    """
    text = data if isinstance(data, str) else data.decode("utf-8")
    # A stream's event is too short to exceed a limit.
    brackets = text.count("[") + text.count("{") if len(text) > MAX_DEPTH * 4 else 0
    if brackets and brackets + text.count(",") > _MAX_VALUES:
        raise ValueError("too many values")
    try:
        document = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if brackets > MAX_DEPTH and json_depth.is_too_deep(document):
        raise ValueError("nested too deeply")
    return document


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number too large for a double")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
