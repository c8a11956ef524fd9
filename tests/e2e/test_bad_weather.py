"""Requests while Bedrock fails at random. `make chaos` does the same with jobs."""

from __future__ import annotations

from collections import Counter

from openai import DefaultHttpxClient, OpenAI

from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE
from local.stack.local_stack import LocalStack
from tests.chaos import requests_in_bad_weather
from tests.e2e.standin import StandinControl


def test_requests_while_bedrock_fails(stack: LocalStack, standin: StandinControl) -> None:
    """Every request gets an answer or an error, has its own request ID, and is sent under the guardrail."""
    http = DefaultHttpxClient(trust_env=False)
    with (
        OpenAI(base_url=stack.base_url, api_key=stack.api_key, max_retries=2, http_client=http) as client,
        standin.bad_weather(requests_in_bad_weather.FAULTS, share=0.2, seed=7),
    ):
        calls = requests_in_bad_weather.make(client, 60)
    counters, requests = standin.counters(), standin.requests()
    assert len({call.request_id for call in calls if call.request_id}) == len(calls)
    for call in calls:
        if call.is_to_be_blocked:
            assert "echo" not in call.text
        if call.ending == "answered":
            blocked = (BLOCKED_INPUT_MESSAGE, "content_filter")
            echoed = (f"echo: {call.prompt}", "stop")
            assert (call.text, call.finish_reason) == (blocked if call.is_to_be_blocked else echoed)
    assert len(requests) == counters["requests"]
    assert {asked["headers"]["x-amzn-bedrock-guardrailidentifier"] for asked in requests} == {
        stack.guardrail_identifier
    }
    begun = [call for call in calls if call.ending != "refused" and not call.is_to_be_blocked]
    assert counters["generations"] == len(begun) + counters["generations_dropped"], (calls, counters)
    assert len([call for call in calls if call.ending == "answered"]) > len(calls) / 2
    assert sum(counters["by_weather"].values()) > 2
    print(Counter(call.ending for call in calls), counters)
