"""The parameters that some models refuse or ignore, recorded on bedrock-runtime's chat completions, 2026-08-22."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from local.bedrock_standin.chat_completions.families import GPT_FROM_5_6, GPT_OSS, GROK, without_geography
from local.bedrock_standin.generators.chat_body import text_of
from local.bedrock_standin.refusals import RefusalError, server_error, validation_error

if TYPE_CHECKING:
    from collections.abc import Callable

JsonObject = dict[str, Any]

_EVERY_MODEL = ("",)
# Some models refuse `stream_options`. [?] It is not recorded which ones. This id represents them.
REFUSES_STREAM_OPTIONS = "mistral.voxtral-mini-3b-2507"
# docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html
_SERVICE_TIERS = ("auto", "default", "flex", "priority")  # `reserved` gets 400
_RESPONSE_FORMATS = ("text", "json_object", "json_schema")


class _Refused(NamedTuple):
    parameter: str
    models: tuple[str, ...]  # prefixes of model ids without a geography
    status: int = 400
    unless: Callable[[JsonObject], bool] = lambda _: False  # called with the body


def _has_no_reasoning_or_no_tools(body: JsonObject) -> bool:
    return body.get("reasoning_effort") == "none" or not body["tools"]


_REFUSED = (
    _Refused("n", _EVERY_MODEL),
    _Refused("logit_bias", (GPT_OSS,)),
    _Refused("max_tokens", GPT_FROM_5_6),
    _Refused("tools", GPT_FROM_5_6, unless=_has_no_reasoning_or_no_tools),
    _Refused("stop", (GROK,)),
    _Refused("presence_penalty", (GROK,), status=503),
    _Refused("frequency_penalty", (GROK,), status=503),
    _Refused("stream_options", (REFUSES_STREAM_OPTIONS,)),
)
_IGNORED = {"response_format": (GPT_OSS,)}


def check_parameters(body: JsonObject) -> None:
    """Raises RefusalError if the body's model refuses a parameter: 400, or 503 for some parameters of Grok."""
    id_ = without_geography(body["model"])
    for refused in _REFUSED:
        is_given = body.get(refused.parameter) is not None
        if is_given and id_.startswith(refused.models) and not refused.unless(body):
            raise _refusal(refused)
    _check_service_tier(body.get("service_tier"))
    if "response_format" not in ignored_parameters(body["model"]):
        _check_response_format(body)


def ignored_parameters(model: str) -> list[str]:
    """The parameters that this model accepts and ignores."""
    id_ = without_geography(model)
    return [name for name, models in _IGNORED.items() if id_.startswith(models)]


def _refusal(refused: _Refused) -> RefusalError:
    if refused.status == 503:  # [?] the wording is not recorded, and need not name the parameter
        return server_error("The service is unavailable.", 503)
    name = refused.parameter
    return validation_error(f"Unsupported parameter: '{name}' is not supported with this model.", name)


def _check_service_tier(tier: object) -> None:
    if tier is not None and tier not in _SERVICE_TIERS:
        raise validation_error(f"'service_tier' must be one of {', '.join(_SERVICE_TIERS)}.", "service_tier")


def _check_response_format(body: JsonObject) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    type_ = wanted.get("type") if isinstance(wanted, dict) else None
    if type_ not in _RESPONSE_FORMATS:
        raise validation_error("'response_format' must be an object with a known type.", "response_format")
    if type_ == "json_object" and not any("json" in text_of(m).lower() for m in body["messages"]):
        raise validation_error(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            "messages",
        )
