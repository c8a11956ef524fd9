"""What a deployment says of the way to Bedrock, read from environment variables once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import environment
from chat_gateway.guardrail.rule import Guardrail
from chat_gateway.guardrail.tags import Tagging

_GUARDRAIL_IDENTIFIER = re.compile(r"[!-~]{1,2048}")
_GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_GUARDRAIL_TRACES = ("ENABLED", "ENABLED_FULL", "DISABLED")
_OVERRIDES = ("denied", "allowed")
_HTTP_URL = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


class ApiKeySettings(NamedTuple):
    """Where the Bedrock API key is."""

    secret_arn: str
    max_age_s: float  # how long a key that was read is kept


class UpstreamSettings(NamedTuple):
    """How to reach Bedrock: for the chat function and the jobs worker."""

    base_url: str  # ends in /openai/v1, no trailing slash
    api_key: ApiKeySettings | None  # None: requests are signed with the function's role
    connect_timeout_s: float
    first_byte_timeout_s: float  # from sending to the answer's status
    between_bytes_timeout_s: float
    total_timeout_s: float  # one answer, from connecting to the last byte
    max_request_bytes: int
    max_response_bytes: int  # of an answer that does not stream
    guardrail: Guardrail | None
    models: tuple[str, ...]  # ids and ARNs that may be called; none named: all
    separate_reasoning: bool  # a model's thinking stands apart from its words

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> UpstreamSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            base_url=environment.read(env, "BEDROCK_BASE_URL", _base_url),
            api_key=_api_key(env),
            connect_timeout_s=environment.read(env, "UPSTREAM_CONNECT_TIMEOUT_S", environment.positive),
            first_byte_timeout_s=environment.read(env, "UPSTREAM_FIRST_BYTE_TIMEOUT_S", environment.positive),
            between_bytes_timeout_s=environment.read(
                env, "UPSTREAM_BETWEEN_BYTES_TIMEOUT_S", environment.positive
            ),
            total_timeout_s=environment.read(env, "UPSTREAM_TOTAL_TIMEOUT_S", environment.positive),
            max_request_bytes=int(environment.read(env, "MAX_REQUEST_BYTES", environment.positive)),
            max_response_bytes=int(environment.read(env, "MAX_RESPONSE_BYTES", environment.positive)),
            guardrail=_guardrail(env),
            models=_models(env),
            separate_reasoning=environment.read(
                env, "SEPARATE_REASONING", environment.one_of(("true", "false"))
            )
            == "true",
        )

    @property
    def api_key_secret_arn(self) -> str | None:
        """The secret that holds the Bedrock API key; None where there is none."""
        return None if self.api_key is None else self.api_key.secret_arn


def _base_url(text: str) -> str:
    if not _HTTP_URL.fullmatch(text) or text.endswith("/"):
        raise ValueError("not an http(s) URL without a trailing slash")
    return text


def _api_key(env: Mapping[str, str]) -> ApiKeySettings | None:
    if environment.read(env, "UPSTREAM_AUTH", environment.one_of(("api_key", "sigv4"))) == "sigv4":
        return None
    return ApiKeySettings(
        secret_arn=environment.read(env, "BEDROCK_API_KEY_SECRET_ARN", str),
        max_age_s=environment.read(env, "SECRET_MAX_AGE_S", environment.positive),
    )


def _models(env: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(environment.read(env, "UPSTREAM_MODELS", str).split(",")) if "UPSTREAM_MODELS" in env else ()


def _guardrail(env: Mapping[str, str]) -> Guardrail | None:
    """The enforced guardrail; None only where none of its variables is set."""
    if not any(name.startswith("GUARDRAIL_") for name in env):
        return None
    has_trace = "GUARDRAIL_TRACE" in env
    return Guardrail(
        identifier=environment.read(env, "GUARDRAIL_IDENTIFIER", environment.matching(_GUARDRAIL_IDENTIFIER)),
        version=environment.read(env, "GUARDRAIL_VERSION", environment.matching(_GUARDRAIL_VERSION)),
        trace=environment.read(env, "GUARDRAIL_TRACE", environment.one_of(_GUARDRAIL_TRACES))
        if has_trace
        else None,
        callers_may_override=environment.read(env, "GUARDRAIL_OVERRIDE", environment.one_of(_OVERRIDES))
        == "allowed",
        tagging=Tagging(environment.read(env, "GUARDRAIL_TAGGING", environment.one_of(tuple(Tagging)))),
    )
