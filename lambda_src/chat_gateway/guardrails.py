"""The environment's guardrail: the headers that apply it, and the rule that callers cannot change it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat_gateway.errors import GuardrailOverrideError, InvalidRequestError

# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html
IDENTIFIER_HEADER = "x-amzn-bedrock-guardrailidentifier"
VERSION_HEADER = "x-amzn-bedrock-guardrailversion"
TRACE_HEADER = "x-amzn-bedrock-trace"
_HEADER_VALUE = re.compile(r"[!-~]{1,2048}")
HEADERS = frozenset({IDENTIFIER_HEADER, VERSION_HEADER, TRACE_HEADER})


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


def upstream_headers(
    enforced: Guardrail | None, headers: Mapping[str, Sequence[str]], document: Mapping[str, Any]
) -> dict[str, str]:
    """The guardrail headers that go up for a caller's `headers` (lowercase names) and body.

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
    _check_body(document)
    return allowed


def _callers_value(name: str, values: Sequence[str]) -> str:
    if len(values) != 1 or not _HEADER_VALUE.fullmatch(values[0]):
        raise InvalidRequestError(f"{name} must be one value of visible ASCII characters.", param=name)
    return values[0]


def _check_header(name: str, values: Sequence[str], allowed: str | None) -> None:
    if any(value != allowed for value in values):
        raise GuardrailOverrideError(
            f"This gateway enforces its own guardrail: the header {name} may only repeat it.", param=name
        )


def _check_body(document: Mapping[str, Any]) -> None:
    for key in document:
        lowered = key.lower()
        if lowered.startswith("amazon-bedrock-") or "guardrail" in lowered:
            raise GuardrailOverrideError(
                "This gateway enforces its own guardrail: the request body may not set one.",
                param=key[:64],
            )


def action(completion: Mapping[str, Any]) -> str | None:
    """INTERVENED where the completion was blocked or masked by a guardrail, NONE where Bedrock says so, else None.

    Chat completions answer a block with HTTP 200 and an id of their own prefix. That they carry InvokeModel's
    `amazon-bedrock-guardrailAction` too is unconfirmed, so either sign is enough.
    """
    reported = completion.get("amazon-bedrock-guardrailAction")
    if is_block(completion) or reported == "INTERVENED":
        return "INTERVENED"
    return "NONE" if reported == "NONE" else None


def stronger(action: str | None, other: str | None) -> str | None:
    """Of what two parts of one answer say, what holds for the whole."""
    return "INTERVENED" if "INTERVENED" in (action, other) else action or other


def is_block(completion: Mapping[str, Any]) -> bool:
    """Whether a guardrail replaced the answer by its own message."""
    if str(completion.get("id", "")).startswith("bedrock-guardrails-"):
        return True
    choices = completion.get("choices")
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and choice.get("finish_reason") == "content_filter" for choice in choices
    )
