"""Chat completions of an environment with model names, whose Bedrock a test plays in every region."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from chat_gateway.aws.settings import AwsSettings
from chat_gateway.bedrock.client import Completion
from chat_gateway.completions import request as chat_request
from chat_gateway.completions import retry
from chat_gateway.completions.allowed_models import AllowedModels
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.request import ChatRequest
from chat_gateway.completions.retry import Attempts, RetryPolicy
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.model_names import wiring
from chat_gateway.model_names.circuit_breaker import CircuitBreaker
from chat_gateway.model_names.named_completions import NamedCompletions
from chat_gateway.model_names.settings import Region, Target, names_to_text, regions_to_text
from tests.unit.chat_gateway.bedrock_calls import KEY, client_for
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key, key_credentials
from tests.unit.chat_gateway.chat_requests import VALID

FIRST, SECOND, CONVERSE = "openai.first-1:0", "openai.second-1:0", "anthropic.claude-x-1:0"
NAME = "fast"
AWS = AwsSettings(region="eu-central-1", dns_suffix="amazonaws.com", endpoint_url=None)
GUARDRAIL = Guardrail(identifier="home", version="1")
THROTTLED = httpx.Response(429, json={"error": {"message": "Too many requests"}})
GONE = httpx.Response(404, json={"message": "This model version has reached the end of its life."})


def answered(model: str) -> httpx.Response:
    """A native answer, with Bedrock's own name of the model."""
    message = {"role": "assistant", "content": "Paris"}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return httpx.Response(200, json={"id": "chatcmpl-1", "model": model, "choices": choices})


def conversed() -> httpx.Response:
    """A Converse answer."""
    message = {"role": "assistant", "content": [{"text": "Paris"}]}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    return httpx.Response(
        200, json={"output": {"message": message}, "stopReason": "end_turn", "usage": usage}
    )


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Bedrock:
    """Answers by model: with `answers`, each used once and the last one always; without, well. Keeps its requests."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        model = _model(request)
        planned = self.answers.get(model)
        if not planned:
            return conversed() if "/model/" in str(request.url) else answered(model)
        answer = planned.pop(0) if len(planned) > 1 else planned[0]
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, httpx.Response):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [_model(request) for request in self.requests]


def _model(request: httpx.Request) -> str:
    if "/model/" in request.url.path:
        return request.url.path.split("/")[2]
    return str(json.loads(request.content)["model"])


def named(
    bedrock: Bedrock,
    *targets: Target | str,
    regions: dict[str, Region] | None = None,
    guardrail: Guardrail | None = None,
    allowed: Sequence[str] = (),
    names_only: bool = False,
    clock: Callable[[], float] = lambda: 0.0,
    random: Callable[[], float] = lambda: 0.0,
) -> NamedCompletions:
    """Completions of an environment with one name for these targets."""
    plain = Completions(
        bedrock=client_for(bedrock, clock=lambda: 0.0),
        credentials=key_credentials(api_key(FakeSecrets(KEY))),
        guardrail=guardrail,
        allowed_models=AllowedModels(allowed) if allowed else None,
    )
    rows = {NAME: tuple(Target(target) if isinstance(target, str) else target for target in targets)}
    made = wiring.named(
        plain,
        names_to_text(rows),
        None if regions is None else regions_to_text(regions),
        AWS,
        names_only=names_only,
    )
    return NamedCompletions(
        plain=made.plain,
        names=made.names,
        at=made.at,
        names_only=names_only,
        breaker=CircuitBreaker(clock),
        random=random,
    )


def request(model: str = NAME, **changes: Any) -> ChatRequest:
    """A valid request for `model`."""
    return chat_request.from_document({**VALID, "model": model, **changes})


def attempts(policy: RetryPolicy = retry.FOR_CALLERS, *, left_s: float = 100) -> Attempts:
    """Attempts without waits."""
    return Attempts(policy=policy, deadline=left_s, clock=lambda: 0.0, sleep=lambda _: None)


def create(
    completions: NamedCompletions, model: str = NAME, tries: Attempts | None = None, **changes: Any
) -> Completion:
    """The answer to a request for `model`."""
    prepared = completions.prepared(request(model, **changes), caller_headers={})
    return completions.create(prepared, tries or attempts())
