"""A chat function whose clients have limits, with the usage table on moto's DynamoDB, and what happened in which order."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.meter import Metering
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.core.startup import Startup
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.http_api.handler import ChatFunction
from client_keys.no_limits import NO_LIMITS
from client_keys.policy import Policy
from response_streaming import StreamingResponse, buffered_elsewhere
from tests.unit import clients_table, usage_table
from tests.unit.chat_gateway.api_calls import COMPLETION, Bedrock, ChatCalls, completions_for, event
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.moto_calls import MotoCalls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chat_gateway.completions.completions import ChatCompletions, Completions

CLIENT = "team-a"  # of `event`
DAY, NOW_S = "2026-11-26", 1_795_712_530.0  # 17:02:10
CAP = 50
HEADERS = {"x-amzn-requestid": "bedrock-id"}
DYNAMODB, BEDROCK = "dynamodb", "bedrock"


def answered(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=COMPLETION, headers=HEADERS)


def _unnamed(completions: Completions) -> ChatCompletions:
    return completions


class LimitedGateway:
    """`happened` has an entry for each call of DynamoDB and of Bedrock. `policy` is in the authorizer's context."""

    def __init__(
        self,
        dynamodb: DynamoDBClient,
        bedrock: Bedrock,
        *,
        named: Callable[[Completions], ChatCompletions] = _unnamed,
        **settings: Any,
    ) -> None:
        self._dynamodb, self._bedrock = MotoCalls(dynamodb), bedrock
        self._client = dynamodb
        self.happened: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.log = StringIO()
        self.policy: str = NO_LIMITS
        self.is_broken = False
        self._settings: dict[str, Any] = {"count_stream_tokens": False, **settings}
        self._guardrail = Guardrail(identifier="gr", version="1")
        self._named = named  # gives the completions model names
        self._function = self._made()

    def _made(self) -> ChatFunction:
        completions = self._named(completions_for(self._answer, guardrail=self._guardrail))
        state = ChatCalls.of(completions, self.log).state
        when_counters_fail = self._settings.pop("when_counters_fail", "refuse")
        metering = Metering.of(UsageSettings(usage_table.TABLE, 400, when_counters_fail), self)
        return ChatFunction(
            Startup(lambda: state._replace(http=state.http._replace(**self._settings))),
            logger_to(self.log),
            sleep=lambda _: None,
            policies=ClientPolicies(ClientsTable(self, clients_table.TABLE)),
            metering=metering._replace(clock=lambda: NOW_S),
        )

    def limit(self, **limits: Any) -> None:
        """Gives the client these limits."""
        self.policy = Policy(max_completion_tokens=CAP, **limits).to_text()

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        self.happened.append(DYNAMODB)
        if self.is_broken:
            raise AwsCallError(operation, "TimeoutError", is_passing=True)
        return self._dynamodb.call(operation, parameters, ends_at=ends_at, is_repeatable=is_repeatable)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.happened.append(BEDROCK)
        self.asked.append(json.loads(request.content))
        return self._bedrock(request)

    def respond(self, body: object = None, **changes: Any) -> StreamingResponse:
        """The answer for a runtime that streams."""
        request = event(body, policy=self.policy, **changes)
        return self._function.handle(request, FakeContext())  # type: ignore[arg-type]

    def answer(self, body: object = None, **changes: Any) -> tuple[int, str | None, dict[str, str]]:
        """The status, the error's code, and the headers, of an answer that was sent."""
        request = event(body, policy=self.policy, **changes)
        answer = buffered_elsewhere(self._function.handle)(request, FakeContext())
        text = answer["body"]
        error = json.loads(text).get("error") if text.startswith("{") else None
        return answer["statusCode"], (error or {}).get("code"), answer["headers"]

    def logged(self) -> dict[str, Any]:
        """The last log line."""
        line: dict[str, Any] = json.loads(self.log.getvalue().splitlines()[-1])
        return line

    def counters(self) -> dict[str, int]:
        """The client's counters, by measure and period."""
        item = usage_table.counters(self._client, CLIENT)
        found = {name.rpartition("_")[0]: value for name, value in item.items()}
        return {name: int(found[name]["N"]) for name in found if name.startswith(("req", "tok", "cost"))}

    def used(self) -> dict[str, dict[str, int]]:
        """What the client used, by model."""
        return usage_table.used(self._client, DAY, CLIENT)
