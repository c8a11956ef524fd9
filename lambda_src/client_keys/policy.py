"""What a client may use, and its form in the clients table and in the authorizer's context.

API Gateway passes every value of an authorizer's context on as a string:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from client_keys.no_limits import NO_LIMITS

VERSION = 1
# Ours: a policy stands in every key's item, and in API Gateway's cache.
MAX_BYTES = 2048
# Not a key, which somebody may have mixed up with an id.
CLIENT_ID = re.compile(r"(?!(sk-)?bcg-)[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# A reservation stands in the client's counters while its request is in progress; more would make each call dearer.
MAX_CONCURRENT_REQUESTS = 200
# An inference profile's ARN is the longest name that Bedrock takes:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
_MAX_MODEL_CHARACTERS = 2048
_COUNTS = (
    "requests_per_minute",
    "tokens_per_minute",
    "tokens_per_day",
    "concurrent_requests",
    "monthly_budget_cents",
)
_OF_TOKENS = ("tokens_per_minute", "tokens_per_day", "monthly_budget_cents")
_FIELDS = {"v", "models", "max_completion_tokens", "stream", "jobs", *_COUNTS}


class UnusablePolicyError(ValueError):
    """A policy cannot be stored; the message says why."""


class PolicyTooLargeError(UnusablePolicyError):
    """A policy does not fit; the message says its size."""


class OutputCapMissingError(UnusablePolicyError):
    """A policy limits tokens or money, but not the output of a request."""

    def __init__(self) -> None:
        super().__init__(
            "A client with a token limit or a budget needs max_completion_tokens: "
            "the gateway reserves that many tokens for each request."
        )


class UnknownPolicyError(ValueError):
    """The text is no policy, or one of a version that this code does not know."""


class Policy(NamedTuple):
    """What a client may use. None: no limit."""

    models: tuple[str, ...] | None = None  # globs over the names that callers write
    max_completion_tokens: int | None = None
    may_stream: bool = True
    may_send_jobs: bool = True
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None  # days and months are UTC's
    concurrent_requests: int | None = None  # at most MAX_CONCURRENT_REQUESTS
    monthly_budget_cents: int | None = None  # of a US dollar

    def may_use(self, model: str) -> bool:
        """Whether the client may use the model that its caller names so."""
        if self.models is None:
            return True
        return len(model) <= _MAX_MODEL_CHARACTERS and any(fnmatchcase(model, glob) for glob in self.models)

    @property
    def is_counted(self) -> bool:
        """Whether the client's requests are counted, because one of its limits needs that."""
        return any(getattr(self, name) is not None for name in _COUNTS)

    @property
    def lacks_output_cap(self) -> bool:
        """Whether tokens or money are limited, but not a request's output."""
        return self.max_completion_tokens is None and any(
            getattr(self, name) is not None for name in _OF_TOKENS
        )

    def to_text(self) -> str:
        """JSON of at most MAX_BYTES. Raises PolicyTooLargeError and OutputCapMissingError."""
        if self.lacks_output_cap:
            raise OutputCapMissingError
        limits = {
            "models": list(self.models) if self.models is not None else None,
            "max_completion_tokens": self.max_completion_tokens,
            "stream": False if not self.may_stream else None,
            "jobs": False if not self.may_send_jobs else None,
            **{name: getattr(self, name) for name in _COUNTS},
        }
        said = {name: value for name, value in limits.items() if value is not None}
        text = json.dumps({"v": VERSION, **said}, separators=(",", ":"))
        if len(text) > MAX_BYTES:
            raise PolicyTooLargeError(
                f"The client's policy has {len(text)} bytes; at most {MAX_BYTES} are allowed: "
                "use fewer or shorter model patterns."
            )
        return text


UNLIMITED = Policy()


def from_text(text: object) -> Policy:
    """The policy in a text that `to_text` wrote. Raises UnknownPolicyError."""
    if text == NO_LIMITS:
        return UNLIMITED
    if not isinstance(text, str) or len(text) > MAX_BYTES:
        raise UnknownPolicyError
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnknownPolicyError from None
    if not isinstance(document, dict) or document.get("v") != VERSION or document.keys() - _FIELDS:
        raise UnknownPolicyError
    policy = Policy(
        models=_models(document.get("models")),
        max_completion_tokens=_count(document.get("max_completion_tokens")),
        may_stream=_flag(document.get("stream")),
        may_send_jobs=_flag(document.get("jobs")),
        **{name: _count(document.get(name)) for name in _COUNTS},
    )
    if policy.lacks_output_cap or (policy.concurrent_requests or 0) > MAX_CONCURRENT_REQUESTS:
        raise UnknownPolicyError
    return policy


def _models(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(model, str) for model in value):
        raise UnknownPolicyError
    return tuple(value)


def _count(value: Any) -> int | None:
    if value is not None and (type(value) is not int or value < 1):
        raise UnknownPolicyError
    return value


def _flag(value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise UnknownPolicyError
    return value is not False
