"""Reading and checking a chat completions request; IO-free.

Every refusal is a 400, but 404 for the model and 503 for what Grok answers so (`quirks`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from local.bedrock_standin.chat_completions.families import check_model
from local.bedrock_standin.chat_completions.messages import check_messages
from local.bedrock_standin.chat_completions.quirks import check_parameters
from local.bedrock_standin.generators.tools import check_tools
from local.bedrock_standin.guardrail.evaluation import GuardrailRef
from local.bedrock_standin.refusals import RefusalError, validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonObject = dict[str, Any]

MAX_DEPTH = 200  # well below what the recursive readers of the body can follow

GUARDRAIL_CONFIG_KEY = "amazon-bedrock-guardrailConfig"

_TAG_SUFFIX = re.compile(r"[A-Za-z0-9]{1,20}")
_GUARDRAIL_ID = re.compile(r"[\x21-\x7e]{1,2048}")
_GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_TRACE_VALUES = frozenset({"ENABLED", "DISABLED", "ENABLED_FULL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A valid request. `body` is the caller's JSON; `guardrail` is None without guardrail headers."""

    body: JsonObject
    model: str
    stream: bool
    include_usage: bool
    guardrail: GuardrailRef | None
    tag_suffix: str | None


def parse_object(raw: bytes) -> JsonObject:
    """The body as a JSON object: UTF-8, no NaN, no lone surrogates, MAX_DEPTH. Raises RefusalError (400)."""
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


def read_request(body: JsonObject, headers: Mapping[str, str]) -> ChatRequest:
    """Check the body and the guardrail headers (looked up by lowercase name). Raises RefusalError."""
    check_messages(body.get("messages"))
    model = _checked_model(body)
    stream = _checked_flag(body, "stream")
    include_usage = _checked_include_usage(body, stream=stream)
    _check_token_limits(body)
    guardrail = _read_guardrail(headers)
    tag_suffix = _read_tag_suffix(body, guardrail)
    check_model(model)
    check_tools(body)
    check_parameters(body)
    return ChatRequest(
        body=body,
        model=model,
        stream=stream,
        include_usage=include_usage,
        guardrail=guardrail,
        tag_suffix=tag_suffix,
    )


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


def _checked_model(body: JsonObject) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise validation_error("'model' must be a non-empty string.", "model")
    return model


def _checked_flag(body: JsonObject, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise validation_error(f"'{name}' must be a boolean.", name)
    return value is True


def _checked_include_usage(body: JsonObject, *, stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict) or not stream:
        raise validation_error("'stream_options' must be an object, and needs 'stream'.", "stream_options")
    return _checked_flag(options, "include_usage")


def _check_token_limits(body: JsonObject) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None and (type(value) is not int or value < 1):
            raise validation_error(f"'{name}' must be a positive integer.", name)


def _read_guardrail(headers: Mapping[str, str]) -> GuardrailRef | None:
    identifier = headers.get("x-amzn-bedrock-guardrailidentifier")
    version = headers.get("x-amzn-bedrock-guardrailversion")
    trace = headers.get("x-amzn-bedrock-trace", "DISABLED")
    if trace not in _TRACE_VALUES:
        raise validation_error("X-Amzn-Bedrock-Trace must be ENABLED, DISABLED or ENABLED_FULL.")
    if identifier is None and version is None:
        return None
    if identifier is None or version is None:
        raise validation_error("A guardrail identifier and a guardrail version must be given together.")
    if not _GUARDRAIL_ID.fullmatch(identifier) or not _GUARDRAIL_VERSION.fullmatch(version):
        raise validation_error("The guardrail identifier or version is ill-formed.")
    return GuardrailRef(identifier, version, traced=trace != "DISABLED")


def _read_tag_suffix(body: JsonObject, guardrail: GuardrailRef | None) -> str | None:
    config = body.get(GUARDRAIL_CONFIG_KEY)
    if config is None:
        return None
    if not isinstance(config, dict):
        raise validation_error(f"'{GUARDRAIL_CONFIG_KEY}' must be an object.", GUARDRAIL_CONFIG_KEY)
    if guardrail is None:
        # Documented for InvokeModel, [?] here: .../APIReference/API_runtime_InvokeModel.html
        raise validation_error(
            f"'{GUARDRAIL_CONFIG_KEY}' needs a guardrail identifier.", GUARDRAIL_CONFIG_KEY
        )
    suffix = config.get("tagSuffix")
    if suffix is not None and not (isinstance(suffix, str) and _TAG_SUFFIX.fullmatch(suffix)):
        raise validation_error("'tagSuffix' must be alphanumeric, 1 to 20 characters.", "tagSuffix")
    return suffix
