"""Reads a request's body as a JSON object, without I/O."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from local.bedrock_standin.refusals import RefusalError, validation_error

JsonObject = dict[str, Any]

MAX_DEPTH = 200  # well below the recursion limit of the code that reads the body


def parse_object(raw: bytes) -> JsonObject:
    """The body as a JSON object. It must be UTF-8 without NaN and lone surrogates, at most MAX_DEPTH deep.

    Raises RefusalError (400).
    """
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        _check_depth(body)
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise validation_error("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise validation_error("The request body must be a JSON object.")
    return body


def _check_depth(body: object) -> None:
    level: list[object] = [body]
    for _ in range(MAX_DEPTH + 1):
        holders = [value for value in level if isinstance(value, dict | list)]
        level = [inner for held in holders for inner in (held.values() if isinstance(held, dict) else held)]
        if not holders:
            return
    raise _too_deep()


def _too_deep() -> RefusalError:
    return validation_error(f"The request body is nested more than {MAX_DEPTH} deep.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
