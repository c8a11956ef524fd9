"""One call of Converse, made from a chat completion request under the environment's guardrail."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat_gateway.converse import guarded, request
from chat_gateway.core import strict_json
from chat_gateway.core.errors import InvalidRequestError
from chat_gateway.guardrail import overrides, rule, tags
from chat_gateway.guardrail.overrides import CONFIG_KEY, IDENTIFIER_HEADER, VERSION_HEADER
from chat_gateway.guardrail.rule import UpstreamRequest
from chat_gateway.guardrail.settings import Guardrail, Tagging

if TYPE_CHECKING:
    from chat_gateway.converse.guarded import Unchecked
    from chat_gateway.converse.request import ConverseRequest

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
_MOST_MODEL_CHARACTERS = 2048


@dataclass(slots=True, kw_only=True)
class ConverseCall:
    """A call, and what its answer is shown as. Only `replace` changes `body`, and only model names `shown_model`."""

    model: str
    shown_model: str  # in the answer; the caller may have sent another name
    body: dict[str, Any]
    guardrail: tuple[str, str] | None  # identifier and version
    is_checked_whole: bool  # also results and arguments of tools
    elsewhere: str  # the text that only ApplyGuardrail checks
    is_replayed: bool  # the family does not stream this, so that a whole answer is sent as a stream
    tool_names: Mapping[str, str]  # the caller's, by Converse's, where they differ
    id: str
    created: int  # epoch seconds
    _content: bytes | None = field(default=None, init=False)  # of this body; None after a change

    def content(self) -> bytes:
        """The body as it is sent."""
        if self._content is None:
            self._content = strict_json.dumps(self.body)
        return self._content

    def replace(self, found: list[Unchecked], masked: list[str]) -> bool:
        """Puts masked texts into the body, if it can hold them. Returns whether it can."""
        self._content = None
        return guarded.replace(found, masked)


def prepared(
    guardrail: Guardrail | None,
    document: dict[str, Any],
    headers: Mapping[str, Sequence[str]],
    *,
    model: str,
    streams: bool,
) -> UpstreamRequest:
    """The call for the caller's `document` and `headers` (lowercase names). Raises what the native route's rule raises."""
    if len(model) > _MOST_MODEL_CHARACTERS:
        raise InvalidRequestError(
            f"'model' must have at most {_MOST_MODEL_CHARACTERS} characters.",
            param="model",
            code="invalid_model",
        )
    native = rule.apply(guardrail and guardrail._replace(tagging=Tagging.OFF), document, headers)
    kept = _without_settings(guardrail, document)
    if guardrail is None or guardrail.callers_may_override:  # else the rule has checked it
        tags.check(kept, native.content)
    translated = request.translated(kept, model=model)
    enforced = _guardrail(native.headers)
    call = _call(translated, kept, guardrail, enforced, model=model, streams=streams)
    return native._replace(headers={}, content=call.content(), call=call, called_with=native.guardrail)


def _without_settings(guardrail: Guardrail | None, document: dict[str, Any]) -> dict[str, Any]:
    """The body without guardrail settings, which the rule has judged: Converse has its own field for them."""
    if guardrail is not None and not guardrail.callers_may_override:
        return overrides.without_empty_settings(document)
    return {key: value for key, value in document.items() if key != CONFIG_KEY}


def _guardrail(headers: Mapping[str, str]) -> tuple[str, str] | None:
    identifier, version = headers.get(IDENTIFIER_HEADER), headers.get(VERSION_HEADER)
    if identifier is None and version is None:
        return None
    if identifier is None or version is None:
        raise InvalidRequestError(
            "A guardrail has an identifier and a version: send both headers.", param=IDENTIFIER_HEADER
        )
    return identifier, version


def _call(
    translated: ConverseRequest,
    document: dict[str, Any],
    guardrail: Guardrail | None,
    enforced: tuple[str, str] | None,
    *,
    model: str,
    streams: bool,
) -> ConverseCall:
    body, is_whole, elsewhere = translated.body, False, ""
    if enforced is not None:
        tagging = guarded.checked_tagging(body, Tagging.OFF if guardrail is None else guardrail.tagging)
        is_whole = guarded.checks_all(tagging)
        elsewhere = guarded.elsewhere(document, body, tagging)
        body = guarded.wrapped(body, tagging)
        body["guardrailConfig"] = _config(enforced, streams=streams and not translated.is_replayed)
    return ConverseCall(
        model=model,
        shown_model=model,
        body=body,
        guardrail=enforced,
        is_checked_whole=is_whole,
        elsewhere=elsewhere,
        is_replayed=streams and translated.is_replayed,
        tool_names=translated.tool_names,
        id=f"chatcmpl-{os.urandom(16).hex()}",
        created=int(time.time()),
    )


def _config(enforced: tuple[str, str], *, streams: bool) -> dict[str, str]:
    """The trace says whether the guardrail masked a text. A stream that is checked later would leak, and never mask.

    https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-streaming.html
    """
    identifier, version = enforced
    mode = {"streamProcessingMode": "sync"} if streams else {}
    return {"guardrailIdentifier": identifier, "guardrailVersion": version, "trace": "enabled", **mode}
