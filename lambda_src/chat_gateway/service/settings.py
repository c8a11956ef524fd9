"""What a deployment sets, read from environment variables once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.guardrail.rule import Guardrail
from chat_gateway.guardrail.tags import Tagging

_Value = TypeVar("_Value")

_GUARDRAIL_IDENTIFIER = re.compile(r"[!-~]{1,2048}")
_GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_GUARDRAIL_TRACES = ("ENABLED", "ENABLED_FULL", "DISABLED")
_OVERRIDES = ("denied", "allowed")
_HTTP_URL = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Where this function's own AWS calls go."""

    region: str
    dns_suffix: str  # amazonaws.com, or another partition's
    endpoint_url: str | None  # the SDKs' AWS_ENDPOINT_URL: one endpoint for every service, an emulator's

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AwsSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            region=_read(env, "AWS_REGION", str),
            dns_suffix=_read(env, "DNS_SUFFIX", str),
            endpoint_url=env.get("AWS_ENDPOINT_URL") or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeySettings:
    """Where the Bedrock API key is."""

    secret_arn: str
    max_age_s: float  # how long a key that was read is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
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
            base_url=_read(env, "BEDROCK_BASE_URL", _base_url),
            api_key=_api_key(env),
            connect_timeout_s=_read(env, "UPSTREAM_CONNECT_TIMEOUT_S", _positive),
            first_byte_timeout_s=_read(env, "UPSTREAM_FIRST_BYTE_TIMEOUT_S", _positive),
            between_bytes_timeout_s=_read(env, "UPSTREAM_BETWEEN_BYTES_TIMEOUT_S", _positive),
            total_timeout_s=_read(env, "UPSTREAM_TOTAL_TIMEOUT_S", _positive),
            max_request_bytes=int(_read(env, "MAX_REQUEST_BYTES", _positive)),
            max_response_bytes=int(_read(env, "MAX_RESPONSE_BYTES", _positive)),
            guardrail=_guardrail(env),
            models=_models(env),
            separate_reasoning=_read(env, "SEPARATE_REASONING", _one_of(("true", "false"))) == "true",
        )

    @property
    def api_key_secret_arn(self) -> str | None:
        """The secret that holds the Bedrock API key; None where there is none."""
        return None if self.api_key is None else self.api_key.secret_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What only the HTTP side needs."""

    stream_timeout_s: float  # a whole stream, from connecting to its last event
    count_stream_tokens: bool  # ask for the usage chunk of every stream; some models refuse that

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> HttpSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            stream_timeout_s=_read(env, "STREAM_TIMEOUT_S", _positive),
            count_stream_tokens=_read(env, "COUNT_STREAM_TOKENS", _one_of(("true", "false"))) == "true",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How many jobs are worked on at once, where they come from and go, and how failed ones are tried again."""

    jobs_queue_url: str
    results_queue_url: str
    dead_letter_queue_url: str
    results_bucket: str
    records_table: str
    record_kept_s: int
    width: int  # jobs in progress at once
    least_time_s: float  # what a job must have left to be begun
    ending_s: float  # of the function's time, for storing and sending what was answered
    max_attempts: int  # that failed by the job's own doing
    max_receives: int  # the queue's maxReceiveCount
    give_up_after_s: int  # the age of a job that is not put back any more
    retry_delay_s: int  # bound of the wait before the second attempt; doubles with each further one
    max_retry_delay_s: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> WorkerSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(
            jobs_queue_url=_read(env, "JOBS_QUEUE_URL", str),
            results_queue_url=_read(env, "RESULTS_QUEUE_URL", str),
            dead_letter_queue_url=_read(env, "DEAD_LETTER_QUEUE_URL", str),
            results_bucket=_read(env, "RESULTS_BUCKET", str),
            records_table=_read(env, "JOB_RECORDS_TABLE", str),
            record_kept_s=_read(env, "JOB_RECORD_KEPT_S", _count),
            width=_read(env, "WORKER_WIDTH", _count),
            least_time_s=_read(env, "JOB_LEAST_TIME_S", _positive),
            ending_s=_read(env, "JOB_ENDING_S", _positive),
            max_attempts=_read(env, "JOB_MAX_ATTEMPTS", _count),
            max_receives=_read(env, "JOB_MAX_RECEIVES", _count),
            give_up_after_s=_read(env, "JOB_GIVE_UP_AFTER_S", _count),
            retry_delay_s=_read(env, "JOB_RETRY_DELAY_S", _count),
            max_retry_delay_s=_read(env, "JOB_MAX_RETRY_DELAY_S", _count),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizerSettings:
    """Where client keys are known."""

    clients_table: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> AuthorizerSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(clients_table=_read(env, "CLIENTS_TABLE", str))


def _read(env: Mapping[str, str], name: str, parse: Callable[[str], _Value]) -> _Value:
    text = env.get(name)
    if not text:
        raise ConfigurationError(f"{name} is missing, and has no default.")
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} is {text!r}: {error}.") from None


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("not a positive number")
    return number


def _count(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,9}", text):
        raise ValueError("not a positive whole number")
    return int(text)


def _base_url(text: str) -> str:
    if not _HTTP_URL.fullmatch(text) or text.endswith("/"):
        raise ValueError("not an http(s) URL without a trailing slash")
    return text


def _api_key(env: Mapping[str, str]) -> ApiKeySettings | None:
    if _read(env, "UPSTREAM_AUTH", _one_of(("api_key", "sigv4"))) == "sigv4":
        return None
    return ApiKeySettings(
        secret_arn=_read(env, "BEDROCK_API_KEY_SECRET_ARN", str),
        max_age_s=_read(env, "SECRET_MAX_AGE_S", _positive),
    )


def _models(env: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(_read(env, "UPSTREAM_MODELS", str).split(",")) if "UPSTREAM_MODELS" in env else ()


def _guardrail(env: Mapping[str, str]) -> Guardrail | None:
    """The enforced guardrail; None only where none of its variables is set."""
    if not any(name.startswith("GUARDRAIL_") for name in env):
        return None
    has_trace = "GUARDRAIL_TRACE" in env
    return Guardrail(
        identifier=_read(env, "GUARDRAIL_IDENTIFIER", _matching(_GUARDRAIL_IDENTIFIER)),
        version=_read(env, "GUARDRAIL_VERSION", _matching(_GUARDRAIL_VERSION)),
        trace=_read(env, "GUARDRAIL_TRACE", _one_of(_GUARDRAIL_TRACES)) if has_trace else None,
        callers_may_override=_read(env, "GUARDRAIL_OVERRIDE", _one_of(_OVERRIDES)) == "allowed",
        tagging=Tagging(_read(env, "GUARDRAIL_TAGGING", _one_of(tuple(Tagging)))),
    )


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"does not match {pattern.pattern}")
        return text

    return parse


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"not one of {', '.join(choices)}")
        return text

    return parse
