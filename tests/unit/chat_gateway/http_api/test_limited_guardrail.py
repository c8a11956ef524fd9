"""The limits of a client change nothing about the enforced guardrail."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.meter import Metering
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.core.startup import Startup
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.http_api.handler import ChatFunction
from client_keys.no_limits import NO_LIMITS
from client_keys.policy import Policy
from response_streaming import buffered_elsewhere
from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT, ChatCalls, completions_for, event
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to

CAP = 50
LIMITED = Policy(max_completion_tokens=CAP, requests_per_minute=2, tokens_per_day=1000, concurrent_requests=2)
ASKING = {**VALID, "messages": [{"role": "user", "content": PROMPT}]}
CONFIG, IDENTIFIER = "amazon-bedrock-guardrailConfig", "X-Amzn-Bedrock-GuardrailIdentifier"
TAG = "<amazon-bedrock-guardrails-guardContent_xyz>hi</amazon-bedrock-guardrails-guardContent_xyz>"


class Gateway:
    """A chat function with a guardrail. `asked` are Bedrock's requests, `counted` the updates of the usage table."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.counted: list[Mapping[str, Any]] = []
        log = StringIO()
        completions = completions_for(self._answer, guardrail=Guardrail(identifier="gr", version="1"))
        state = ChatCalls.of(completions, log).state
        function = ChatFunction(
            Startup(lambda: state),
            logger_to(log),
            policies=ClientPolicies(ClientsTable(self, "clients")),
            metering=Metering.of(UsageSettings("usage", 400, "refuse"), self),
        )
        self._handle = buffered_elsewhere(function.handle)

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        """DynamoDB, which makes every update."""
        self.counted.append(parameters)
        return {"Attributes": {}}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if "guardrail" in name}
        self.asked.append((headers, json.loads(request.content)))
        return httpx.Response(200, json=COMPLETION)

    def answer(
        self, policy: str, body: object = ASKING, headers: dict[str, list[str]] | None = None
    ) -> tuple[int, Any]:
        """The status, and the error's code."""
        answer = self._handle(event(body, headers=headers, policy=policy), FakeContext())
        error = json.loads(answer["body"]).get("error") or {}
        return answer["statusCode"], error.get("code")


@pytest.mark.parametrize(
    ("change", "headers", "code"),
    [
        ({}, {IDENTIFIER: ["other"]}, "guardrail_override_not_allowed"),
        ({}, {"X-Amzn-Bedrock-Trace": ["OFF"]}, "guardrail_override_not_allowed"),
        ({CONFIG: {"guardrailIdentifier": "x"}}, {}, "guardrail_override_not_allowed"),
        ({"stream_options": {CONFIG: {"tagSuffix": "x"}}}, {}, "guardrail_override_not_allowed"),
        ({"max_tokens": {"guardrails": "off"}}, {}, "invalid_type"),
        ({"n": {"guardrails": "off"}}, {}, "guardrail_override_not_allowed"),
        ({"messages": [{"role": "user", "content": TAG}]}, {}, "guardrail_tag_not_allowed"),
    ],
)
def test_bypass(change: dict[str, Any], headers: dict[str, list[str]], code: str) -> None:
    """A client with limits cannot change the guardrail either, and a try of it is neither sent nor counted."""
    gateway = Gateway()
    assert gateway.answer(LIMITED.to_text(), {**ASKING, **change}, headers)[1] == code
    assert (gateway.asked, gateway.counted) == ([], [])


@pytest.mark.parametrize("change", [{}, {"max_tokens": CAP}, {"n": 2}, {"service_tier": "flex"}])
def test_same_request(change: dict[str, Any]) -> None:
    """Bedrock gets the request of a client without limits, except for the output limit, under the same guardrail."""
    gateway = Gateway()
    statuses = [gateway.answer(policy, {**ASKING, **change})[0] for policy in (NO_LIMITS, LIMITED.to_text())]
    (plain_headers, plain), (headers, limited) = gateway.asked
    assert statuses == [200, 200]
    assert headers == plain_headers
    assert headers["x-amzn-bedrock-guardrailidentifier"] == "gr"
    assert limited == ({**plain} if "max_tokens" in change else {**plain, "max_completion_tokens": CAP})


def test_what_is_counted_has_no_text() -> None:
    """No word of a prompt or an answer reaches the usage table."""
    gateway = Gateway()
    gateway.answer(LIMITED.to_text())
    stored = json.dumps(gateway.counted)
    assert len(gateway.counted) == 3
    assert "elephant" not in stored
    assert "whisper" not in stored
