"""The guardrail's settings, read from environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import matching, one_of

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
IDENTIFIER = re.compile(r"[!-~]{1,2048}")
VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
TRACES = ("ENABLED", "ENABLED_FULL", "DISABLED")


class Tagging(StrEnum):
    """The text that the gateway puts into input tags for the check; docs/guardrails.md says which to choose.

    OFF: no tags. The whole prompt is checked, but not for prompt attacks.
    ALL_TEXT: all text. The whole prompt is checked, also for prompt attacks.
    USER_TURNS, LATEST_USER_TURN: only the text of all user turns, or of the latest one, is checked.
    """

    OFF = "off"
    ALL_TEXT = "all_text"
    USER_TURNS = "user_turns"
    LATEST_USER_TURN = "latest_user_turn"


_ANY = "GUARDRAIL_"
_OVERRIDE = "GUARDRAIL_OVERRIDE"
_DENIED, _ALLOWED = "denied", "allowed"


def _may_override(text: str) -> bool:
    return one_of((_DENIED, _ALLOWED))(text) == _ALLOWED


def _tagging(text: str) -> Tagging:
    return Tagging(one_of(tuple(Tagging))(text))


_VARIABLES: variables.Variables = {
    "identifier": ("GUARDRAIL_IDENTIFIER", matching(IDENTIFIER)),
    "version": ("GUARDRAIL_VERSION", matching(VERSION)),
    "callers_may_override": (_OVERRIDE, _may_override),
    "tagging": ("GUARDRAIL_TAGGING", _tagging),
}
_OPTIONAL: variables.Variables = {"trace": ("GUARDRAIL_TRACE", one_of(TRACES))}


class Guardrail(NamedTuple):
    """A Bedrock guardrail and how it is applied.

    `trace` is ENABLED, ENABLED_FULL or DISABLED. With None, the gateway asks for the trace for its log, and removes it
    from the caller's answer. `tagging`: the text to check. `callers_may_override`: a caller's own settings replace these.
    """

    identifier: str
    version: str
    trace: str | None = None
    callers_may_override: bool = False
    tagging: Tagging = Tagging.OFF

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Guardrail | None:
        """The guardrail, or None if none of its variables is set.

        Raises ConfigurationError that names the missing or wrong variable.
        """
        if not any(name.startswith(_ANY) for name in env):
            return None
        return cls(**variables.read_all(env, _VARIABLES), **variables.read_set(env, _OPTIONAL))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        written = variables.written(self, {**_VARIABLES, **_OPTIONAL})
        return {**written, _OVERRIDE: _ALLOWED if self.callers_may_override else _DENIED}
