"""The proof tells a guardrail that holds from one that does not."""

from __future__ import annotations

import json

import httpx
import pytest

from gateway_cli import proof
from gateway_cli.proof import Gateway, Probe


def answer(request: httpx.Request, reason: str) -> httpx.Response:
    if not json.loads(request.content)["stream"]:
        return httpx.Response(200, json={"choices": [{"finish_reason": reason}]})
    events = [
        {"choices": [{"delta": {}, "finish_reason": None}]},
        {"choices": [{"delta": {}, "finish_reason": reason}]},
    ]
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return httpx.Response(200, text="".join([": comment\n\n", *lines, "data: [DONE]\n\n"]))


def guarded(request: httpx.Request) -> httpx.Response:
    return answer(request, "content_filter" if b"canary" in request.content else "stop")


def prove(handler: object) -> list[Probe]:
    gateway = Gateway(
        base_url="https://gateway.test/openai/v1",
        api_key="key",
        model="m",
        canary="canary",
        transport=httpx.MockTransport(handler),  # type: ignore[arg-type]
    )
    return list(proof.over_http(gateway))


def test_a_guardrail_that_holds_passes_in_one_piece_and_streamed() -> None:
    probes = prove(guarded)
    assert [probe.name for probe in probes] == [
        "the canary, in one piece",
        "a harmless prompt, in one piece",
        "the canary, streamed",
        "a harmless prompt, streamed",
    ]
    assert [probe.says for probe in probes] == [None] * 4


def test_a_guardrail_that_does_nothing_fails_on_the_canary() -> None:
    failed = [probe.name for probe in prove(lambda request: answer(request, "stop")) if probe.says]
    assert failed == ["the canary, in one piece", "the canary, streamed"]


def test_a_guardrail_that_blocks_everything_fails_on_the_harmless_prompt() -> None:
    failed = [probe.name for probe in prove(lambda request: answer(request, "content_filter")) if probe.says]
    assert failed == ["a harmless prompt, in one piece", "a harmless prompt, streamed"]


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(503, json={"error": {"message": "no", "code": "upstream_credentials_invalid"}}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"choices": []}),
        httpx.Response(500, text=""),
    ],
)
def test_no_answer_proves_nothing(response: httpx.Response) -> None:
    assert all(probe.says for probe in prove(lambda _: response))


def test_a_gateway_that_cannot_be_reached_proves_nothing() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert all(probe.says and "ConnectError" in probe.says for probe in prove(handler))
