"""Applies the environment's guardrail to a request."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chat_gateway.core import strict_json
from chat_gateway.guardrail import overrides, tags
from chat_gateway.guardrail.overrides import CONFIG_KEY, IDENTIFIER_HEADER, TRACE_HEADER, VERSION_HEADER
from chat_gateway.guardrail.settings import Guardrail, Tagging

_TRACES_SHOWN = ("ENABLED", "ENABLED_FULL")


class UpstreamRequest(NamedTuple):
    """A request to Bedrock: its body, and the headers of its guardrail.

    `shows_trace`: the caller may see the trace, which repeats the text that the guardrail found.
    `separates_reasoning`: the model's reasoning is to be moved out of `content`. `call`: what is sent on another route
    than chat completions, and `called_with` its guardrail.
    """

    content: bytes
    headers: dict[str, str]
    shows_trace: bool = True
    separates_reasoning: bool = False
    call: Any = None
    called_with: str | None = None

    @property
    def guardrail(self) -> str | None:
        """`identifier:version`, None without a guardrail."""
        if self.call is not None:
            return self.called_with
        identifier = self.headers.get(IDENTIFIER_HEADER)
        return None if identifier is None else f"{identifier}:{self.headers.get(VERSION_HEADER, '')}"

    @property
    def shown_model(self) -> None:
        """The name to write into the answer: none, since the caller sent the model's own."""
        return None


def apply(
    guardrail: Guardrail | None, document: dict[str, Any], headers: Mapping[str, Sequence[str]]
) -> UpstreamRequest:
    """The request to Bedrock for the caller's `document` and `headers` (lowercase names).

    A caller cannot change an enforced guardrail: raises GuardrailOverrideError for other settings, and
    InvalidRequestError for input tags. Without a guardrail in the environment, the caller's own headers apply. Raises
    InvalidRequestError for an invalid value of a guardrail header.
    """
    if guardrail is None:
        return UpstreamRequest(strict_json.dumps(document), overrides.own_headers(headers))
    if guardrail.callers_may_override:
        return _overridable(guardrail, document, headers)
    return _enforced(guardrail, document, headers)


def _enforced(
    guardrail: Guardrail, document: dict[str, Any], headers: Mapping[str, Sequence[str]]
) -> UpstreamRequest:
    overrides.check_headers(repeatable_headers(guardrail), headers)
    kept = overrides.without_empty_settings(document)
    content = strict_json.dumps(kept)
    tags.check(kept, content)
    content = _tagged(guardrail, kept, content)
    return UpstreamRequest(content, _headers(guardrail), shows_trace=guardrail.trace in _TRACES_SHOWN)


def _overridable(
    guardrail: Guardrail, document: dict[str, Any], headers: Mapping[str, Sequence[str]]
) -> UpstreamRequest:
    """A caller's own guardrail replaces the environment's. A caller's tags or tag suffix switch off our tagging."""
    own = overrides.own_headers(headers)
    if CONFIG_KEY in document and overrides.says_nothing(document[CONFIG_KEY]):
        document = {key: value for key, value in document.items() if key != CONFIG_KEY}
    content = strict_json.dumps(document)
    names_one = IDENTIFIER_HEADER in own or VERSION_HEADER in own
    if not names_one and CONFIG_KEY not in document and not tags.are_in(document, content):
        content = _tagged(guardrail, document, content)
    trace = own.get(TRACE_HEADER, guardrail.trace)
    return UpstreamRequest(
        content, own if names_one else _headers(guardrail) | own, shows_trace=trace in _TRACES_SHOWN
    )


def _headers(guardrail: Guardrail) -> dict[str, str]:
    """The headers that apply the guardrail at Bedrock."""
    return {**repeatable_headers(guardrail), TRACE_HEADER: guardrail.trace or "ENABLED"}


def repeatable_headers(guardrail: Guardrail) -> dict[str, str]:
    """The guardrail headers that a caller may repeat."""
    headers = {IDENTIFIER_HEADER: guardrail.identifier, VERSION_HEADER: guardrail.version}
    return headers if guardrail.trace is None else {**headers, TRACE_HEADER: guardrail.trace}


def _tagged(guardrail: Guardrail, document: dict[str, Any], content: bytes) -> bytes:
    """`content` (`document` serialised), with input tags under a random suffix."""
    if guardrail.tagging is Tagging.OFF:
        return content
    suffix = os.urandom(10).hex()
    tagged = tags.tagged(document, guardrail.tagging, suffix)
    return content if tagged is None else strict_json.dumps({**tagged, CONFIG_KEY: {"tagSuffix": suffix}})
