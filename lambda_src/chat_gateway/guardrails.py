"""The environment's guardrail: the headers that apply it, and the rule that callers cannot change it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat_gateway.errors import GuardrailOverrideError, InvalidRequestError

# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html
IDENTIFIER_HEADER = "x-amzn-bedrock-guardrailidentifier"
VERSION_HEADER = "x-amzn-bedrock-guardrailversion"
TRACE_HEADER = "x-amzn-bedrock-trace"
HEADERS = frozenset({IDENTIFIER_HEADER, VERSION_HEADER, TRACE_HEADER})
_HEADER_VALUE = re.compile(r"[!-~]{1,2048}")
_CONFIG_KEY = "amazon-bedrock-guardrailConfig"
_TAG_SUFFIX = re.compile(r"[A-Za-z0-9]{1,20}")
# Whoever may set input tags chooses what is checked: any tag, and only tagged text is.
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_TAG = b"amazon-bedrock-guardrails-guardcontent"
# Where the keys are the caller's own words and Bedrock looks for no setting.
_USER_DATA = frozenset(
    {"messages", "tools", "functions", "response_format", "metadata", "prediction", "logit_bias"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """A Bedrock guardrail as its headers name it; `trace` is None, ENABLED, ENABLED_FULL or DISABLED."""

    identifier: str
    version: str
    trace: str | None = None

    def headers(self) -> dict[str, str]:
        """The upstream headers that apply this guardrail."""
        headers = {IDENTIFIER_HEADER: self.identifier, VERSION_HEADER: self.version}
        return headers if self.trace is None else {**headers, TRACE_HEADER: self.trace}

    @property
    def shows_trace(self) -> bool:
        """Whether callers may see what the guardrail found: the trace repeats it."""
        return self.trace in ("ENABLED", "ENABLED_FULL")


def upstream_headers(enforced: Guardrail | None, headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The guardrail headers that go up for a caller's `headers` (lowercase names).

    With an enforced guardrail they are the environment's, and a caller that names anything else gets
    GuardrailOverrideError; without one they are the caller's own, as with Bedrock itself, and InvalidRequestError
    is raised for a value that is no header's.
    """
    if enforced is None:
        return {name: _callers_value(name, values) for name, values in headers.items() if name in HEADERS}
    allowed = enforced.headers()
    for name in headers:
        # Any header of this family, so that one Bedrock adds later is not dropped in silence either.
        if "guardrail" in name or name == TRACE_HEADER:
            _check_header(name, headers[name], allowed.get(name))
    return allowed


def upstream_document(enforced: Guardrail | None, document: dict[str, Any]) -> dict[str, Any]:
    """The body that goes up. With an enforced guardrail a caller's setting in it is GuardrailOverrideError.

    AWS's own example, a `tagSuffix` in a request without tags, is accepted and left out: it says nothing.
    """
    if enforced is None:
        return document
    kept = {key: value for key, value in document.items() if not _is_idle_config(key, value)}
    for key in _setting_keys(kept):
        if _names_a_setting(key):
            raise GuardrailOverrideError(
                "This gateway enforces its own guardrail: the request body may not set one.", param=key[:64]
            )
    return kept


def check_tags(enforced: Guardrail | None, document: Mapping[str, Any], content: bytes) -> None:
    """Raises InvalidRequestError for the guardrail's input tags anywhere in a body, given parsed and serialised.

    Also where a tag only comes about when the parts of a message are joined, or JSON inside of JSON is read.
    """
    if enforced is None:
        return
    if _TAG in content.lower() or any(
        _TAG in text.lower().encode("utf-8", "replace") for text in _joined(document)
    ):
        raise InvalidRequestError(
            "The request holds a guardrail's input tag, which could exempt the rest of it from the check.",
            param="messages",
            code="guardrail_tag_not_allowed",
        )


def _joined(document: Mapping[str, Any]) -> Iterator[str]:
    """For each message that could hide a tag: its texts in one, and its tool calls' arguments without escapes."""
    messages = document.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict):
            yield from _joined_parts(message.get("content"))
            yield from _unescaped_arguments(message)


def _joined_parts(content: object) -> Iterator[str]:
    if isinstance(content, list) and len(content) > 1:
        yield "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _unescaped_arguments(message: Mapping[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    functions = (
        [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    )
    for function in [*functions, message.get("function_call")]:
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, str) and "\\" in arguments:
            yield _ESCAPE.sub(lambda match: chr(int(match[1], 16)), arguments)


def _callers_value(name: str, values: Sequence[str]) -> str:
    if len(values) != 1 or not _HEADER_VALUE.fullmatch(values[0]):
        raise InvalidRequestError(f"{name} must be one value of visible ASCII characters.", param=name)
    return values[0]


def _check_header(name: str, values: Sequence[str], allowed: str | None) -> None:
    if any(value != allowed for value in values):
        rule = "is not allowed" if allowed is None else "may only repeat it"
        raise GuardrailOverrideError(
            f"This gateway enforces its own guardrail: the header {name} {rule}.", param=name
        )


def _is_idle_config(key: str, value: object) -> bool:
    if key != _CONFIG_KEY or not isinstance(value, dict) or value.keys() != {"tagSuffix"}:
        return False
    suffix = value["tagSuffix"]
    return isinstance(suffix, str) and _TAG_SUFFIX.fullmatch(suffix) is not None


def _setting_keys(document: Mapping[str, Any]) -> Iterator[str]:
    """Every key that Bedrock could read a setting from: at any depth, except in what are the caller's own words."""
    waiting: list[object] = []
    for key, value in document.items():
        yield key
        if key not in _USER_DATA:
            waiting.append(value)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _names_a_setting(key: str) -> bool:
    """In any case and any spelling that a lenient reader could take for it."""
    plain = unicodedata.normalize("NFKC", key).casefold()
    return "guardrail" in plain or plain.strip().startswith("amazon-bedrock-")
