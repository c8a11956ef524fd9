"""The log line of a request or job: its ids and results, but no text of prompts or answers."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Container
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import (
    ConfigurationError,
    GatewayError,
    GuardrailOverrideError,
    InternalError,
    InvalidRequestError,
    UpstreamAccessError,
    UpstreamConnectionError,
    UpstreamCredentialsError,
    UpstreamTimeoutError,
)
from chat_gateway.guardrail import metrics as guardrail_metrics
from chat_gateway.guardrail.outcome import INTERVENED, MASKED, GuardrailOutcome
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.service.settings import MetricsSettings

if TYPE_CHECKING:
    from chat_gateway.bedrock.client import Completion
    from chat_gateway.service.line_metrics import LineMetrics

# httpx logs every request at INFO, which Lambda's JSON logging does not filter. We want one line per request.
for _name in ("httpx", "httpcore", "boto3", "botocore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# Ids that programs make: UUIDs, ULIDs, trace ids, counters. No blanks, so no sentences.
_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_SERVICE_TIER = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MAX_TOKENS = 2**53
_MAX_FRAMES = 20
_AUDITED = (
    "request_id",
    "bedrock_request_id",
    "client",
    "model",
    "target_model",
    "guardrail",
    "guardrail_action",
)
_TOKENS = ("prompt_tokens", "completion_tokens", "total_tokens")
_CACHED_TOKENS = ("cached_tokens", "cache_write_tokens")  # parts of the prompt's
_REASONING_TOKENS = ("reasoning_tokens",)  # parts of the completion's


@dataclass(slots=True)
class RequestLog:
    """Collects the fields of a log line while the request is answered. `write` emits the line."""

    logger: Logger
    secret_arn: str | None  # None if requests are signed
    metrics: LineMetrics | None = None  # None: the environment has no metrics
    fields: dict[str, Any] = field(default_factory=dict)

    def add(self, **fields: Any) -> None:
        """Adds the fields that are not None."""
        for name, value in fields.items():
            if value is not None:
                self.fields[name] = value

    def add_model(self, model: str, *, known: Container[str] = ()) -> None:
        """Adds the requested model, or a placeholder if it is not `known` and cannot be a model's id."""
        self.add(model=model if model in known else foreign_text.model(model) or "(not a model id)")

    def add_custom_id(self, custom_id: str | float) -> None:
        """Adds the sender's id of a job, or a placeholder if the text may not be an id."""
        self.add(custom_id=_shown(str(custom_id), _CLIENT_REQUEST_ID) or "(not shown)")

    def add_client_request_id(self, request_id: str) -> None:
        """Adds the caller's own request id, or a placeholder if the text may not be an id."""
        self.add(client_request_id=_shown(request_id, _CLIENT_REQUEST_ID) or "(not shown)")

    def add_guardrail(self, guardrail: Guardrail | None) -> None:
        """Adds the environment's guardrail."""
        if guardrail is not None:
            self.add(guardrail=f"{guardrail.identifier}:{guardrail.version}")

    def record_completion(self, completion: Completion) -> None:
        """Adds Bedrock's request id, tier and token counts, and records the guardrail's outcome."""
        self.record_outcome(completion)
        self.add_use(completion)

    def record_outcome(self, completion: Completion) -> None:
        """Adds Bedrock's request id, and records the guardrail's outcome."""
        self.add(bedrock_request_id=completion.bedrock_request_id)
        self.record_guardrail(completion.guardrail_outcome)

    def add_use(self, completion: Completion) -> None:
        """Adds the token counts and the tier."""
        self.add_usage(completion.document.get("usage"))
        self.add_service_tier(completion.service_tier)

    def record_guardrail(self, outcome: GuardrailOutcome) -> None:
        """Adds the guardrail's action. For an intervention, also writes an audit line and a metric at once."""
        self.add(guardrail_action=outcome.action)
        if outcome.action in (INTERVENED, MASKED):
            ids = {name: self.fields[name] for name in _AUDITED if name in self.fields}
            found = {"guardrail_findings": list(outcome.findings), "guardrail_counts": dict(outcome.counts)}
            self.logger.info("guardrail intervention", extra={**ids, **found})
            guardrail_metrics.count(outcome)

    def add_usage(self, usage: object) -> None:
        """Adds the token counts from Bedrock; those of a prompt cache and of reasoning only if they are not 0."""
        if isinstance(usage, dict):
            self.add(**{name: usage[name] for name in _TOKENS if _is_count(usage.get(name))})
            self._add_parts(usage.get("prompt_tokens_details"), _CACHED_TOKENS)
            self._add_parts(usage.get("completion_tokens_details"), _REASONING_TOKENS)

    def add_service_tier(self, tier: object) -> None:
        """Adds the tier that served the request, if it is a short name."""
        if isinstance(tier, str):
            self.add(service_tier=_shown(tier, _SERVICE_TIER))

    def add_error(self, error: GatewayError) -> None:
        """Adds the error's code and class, but not its message: Bedrock's may repeat the prompt."""
        self.add(
            error_code=error.code,
            error_class=type(error).__name__,
            error_param=_param(error),
            bedrock_request_id=error.bedrock_request_id,
        )
        if isinstance(error, UpstreamCredentialsError):
            self.add(secret_arn=self.secret_arn, reason=error.reason)
        elif isinstance(error, UpstreamAccessError):
            self.add(reason=error.reason)
        elif isinstance(error, UpstreamTimeoutError | UpstreamConnectionError):
            self.add(reason=error.cause)
        elif isinstance(error, InvalidRequestError):
            self.add(reason=error.message)  # our own text, without the caller's
        else:  # of errors that only some functions know
            self.add(reason=getattr(error, "reason", None))

    def add_fault(self, fault: Exception) -> InternalError:
        """Adds an unexpected exception's class and stack, but not its message, which could hold anything.

        Returns the error for the caller.
        """
        self.add(fault_class=type(fault).__name__, fault_stack=_stack(fault))
        if isinstance(fault, ConfigurationError | AwsCallError):
            self.add(reason=str(fault))
        error = InternalError()
        self.add_error(error)
        return error

    def _add_parts(self, parts: object, names: tuple[str, ...]) -> None:
        if isinstance(parts, dict):
            self.add(**{name: parts[name] or None for name in names if _is_count(parts.get(name))})

    def write(self, message: str, *, failed: bool) -> None:
        """Emits the line, at level ERROR if `failed`: the gateway or Bedrock failed."""
        (self.logger.error if failed else self.logger.info)(message, extra=self.fields)


def line_metrics() -> LineMetrics | None:
    """The metrics in a function's log lines; None if its environment has none."""
    environment = MetricsSettings.from_env().environment
    if environment is None:
        return None
    from chat_gateway.service.line_metrics import LineMetrics  # for environments with metrics

    return LineMetrics(environment)


def logger(metrics: LineMetrics | None) -> Logger:
    """The function's logger."""
    return Logger() if metrics is None else Logger(json_serializer=metrics.serialised)


def _shown(text: str, pattern: re.Pattern[str]) -> str | None:
    """`text` if it matches the pattern and does not look like a key, else None."""
    return text if pattern.fullmatch(text) and foreign_text.without_keys(text) == text else None


def _param(error: GatewayError) -> str | None:
    is_callers_word = isinstance(error, GuardrailOverrideError) and not error.is_known
    return "(not shown)" if is_callers_word else foreign_text.place(error.param)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_TOKENS


def _stack(fault: Exception) -> list[str]:
    frames = traceback.extract_tb(fault.__traceback__)
    inner = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-_MAX_FRAMES:]
    ]
    return inner if len(inner) == len(frames) else [f"… {len(frames)} frames", *inner]
