"""Checks a caller's guardrail settings, in headers and body: they must not change the enforced guardrail."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from chat_gateway.core.errors import GuardrailOverrideError, InvalidRequestError

# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html
IDENTIFIER_HEADER = "x-amzn-bedrock-guardrailidentifier"
VERSION_HEADER = "x-amzn-bedrock-guardrailversion"
TRACE_HEADER = "x-amzn-bedrock-trace"
CONFIG_KEY = "amazon-bedrock-guardrailConfig"
_HEADERS = frozenset({IDENTIFIER_HEADER, VERSION_HEADER, TRACE_HEADER})
_TRACES = ("ENABLED", "DISABLED", "ENABLED_FULL")
_HEADER_VALUE = re.compile(r"[!-~]{1,2048}")
_TAG_SUFFIX = re.compile(r"[A-Za-z0-9]{1,20}")
# Inside of these, keys are the caller's own, and Bedrock reads no settings.
_USER_DATA = frozenset(
    {"messages", "tools", "functions", "response_format", "metadata", "prediction", "logit_bias"}
)
# JSON Schema's objects whose keys the caller chooses: https://json-schema.org/draft/2020-12/json-schema-core
_SCHEMA_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions"})
# The names of guardrail settings in Bedrock's APIs, letters only.
_SETTINGS = frozenset(
    {
        *(
            b"GUARDRAIL",
            b"GUARDRAILS",
            b"GUARDRAILCONFIG",
            b"GUARDRAILIDENTIFIER",
            b"GUARDRAILID",
            b"GUARDRAILVERSION",
        ),
        *(b"AMAZONBEDROCKGUARDRAILCONFIG", b"AMAZONBEDROCKGUARDRAILACTION", b"AMAZONBEDROCKTRACE"),
    }
)
# Normalising a key can take quadratic time.
_MAX_KEY_CHARACTERS = 128
_NO_CAPITALS = bytes(code for code in range(128) if not chr(code).isupper())


def own_headers(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The guardrail headers among the caller's headers. Raises InvalidRequestError for an invalid value."""
    return {name: _single(name, values) for name, values in headers.items() if name in _HEADERS}


def check_headers(allowed: Mapping[str, str], headers: Mapping[str, Sequence[str]]) -> None:
    """Raises GuardrailOverrideError if a guardrail header differs from `allowed`."""
    for name, values in headers.items():
        # Any header with "guardrail" in its name, so that one that Bedrock adds later is refused, too.
        if "guardrail" not in name and name != TRACE_HEADER:
            continue
        if name == TRACE_HEADER and len(values) == 1 and values[0] in _TRACES:
            continue  # it does not weaken the guardrail; the environment decides whether the caller sees the trace
        if len(values) != 1 or values[0] != allowed.get(name):
            rule = "must match it or be left out" if name in allowed else "is not allowed; leave it out"
            raise GuardrailOverrideError(
                f"This gateway enforces its own guardrail: the header {name} {rule}.",
                param=name,
                is_known=name in _HEADERS,
            )


def without_empty_settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """The body without settings that have no effect: null, empty, or only a `tagSuffix`, as AWS's example sends it.

    Raises GuardrailOverrideError for any other setting, and InvalidRequestError for a key of more than 128 characters
    where Bedrock could read a setting.
    """
    kept = {key: value for key, value in document.items() if not _is_idle_config(key, value)}
    for holder, key in list(_settings(kept)):
        if not says_nothing(holder[key]):
            raise GuardrailOverrideError(
                "This gateway enforces its own guardrail: remove the guardrail setting from the request body.",
                param=key[:64],
                is_known=_letters(key) in _SETTINGS,
            )
        del holder[key]
    return kept


def _single(name: str, values: Sequence[str]) -> str:
    if len(values) != 1 or not _HEADER_VALUE.fullmatch(values[0]):
        raise InvalidRequestError(f"{name} must have one value of visible ASCII characters.", param=name)
    return values[0]


def _is_idle_config(key: str, value: object) -> bool:
    if key != CONFIG_KEY or not isinstance(value, dict) or value.keys() != {"tagSuffix"}:
        return False
    suffix = value["tagSuffix"]
    return isinstance(suffix, str) and _TAG_SUFFIX.fullmatch(suffix) is not None


def says_nothing(value: object) -> bool:
    """Whether a setting with this value has no effect."""
    return value is None or value in ([], {})


def _settings(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every key that Bedrock could read as a setting, with its object. Raises InvalidRequestError for a long key."""
    for holder, key in _keys(document):
        if len(key) > _MAX_KEY_CHARACTERS:
            raise InvalidRequestError(
                f"The request body has a key of more than {_MAX_KEY_CHARACTERS} characters."
            )
        if _names_a_setting(key):
            yield holder, key


def _keys(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every key and its object, at any depth, except where the keys are the caller's own."""
    waiting: list[tuple[str, object]] = []
    for key, value in document.items():
        yield document, key
        if key not in _USER_DATA:
            waiting.append((key, value))
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            if name not in _SCHEMA_NAMES:
                yield from ((value, key) for key in value)
                waiting.extend(value.items())
            else:
                waiting.extend(("", inner) for inner in value.values())
        elif isinstance(value, list):
            waiting.extend(("", inner) for inner in value)


@lru_cache(maxsize=256)  # most requests have the same few keys
def _names_a_setting(key: str) -> bool:
    letters = _letters(key)
    return b"GUARDRAIL" in letters or letters.startswith(b"AMAZONBEDROCK")


def _letters(key: str) -> bytes:
    """The key's Latin letters as ASCII capitals, so that all spellings that a lenient parser could accept are equal.

    It ignores case, accents, compatibility forms, punctuation, blanks and invisible characters.
    """
    # Upper case, because the dotless i becomes ASCII only in upper case.
    plain = key if key.isascii() else unicodedata.normalize("NFKD", key)
    return plain.upper().encode("ascii", "ignore").translate(None, _NO_CAPITALS)
