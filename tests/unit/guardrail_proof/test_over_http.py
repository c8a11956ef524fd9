"""Over HTTP the proof tells a working guardrail from one that does not work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from guardrail_proof.over_http import Endpoint, over_http
from guardrail_proof.probes import Probe


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


def prove(
    handler: Callable[[httpx.Request], httpx.Response],
    *,
    timeout_s: float = 45,
    key_header: str = "authorization",
) -> list[Probe]:
    endpoint = Endpoint(
        base_url="https://gateway.test/openai/v1",
        api_key="key",
        key_header=key_header,
        model="m",
        canary="canary",
        transport=httpx.MockTransport(handler),
        timeout_s=timeout_s,
        pause_s=0,
    )
    return list(over_http(endpoint))


@pytest.mark.parametrize(("header", "value"), [("authorization", "Bearer key"), ("api-key", "key")])
def test_the_key_is_in_the_environments_header(header: str, value: str) -> None:
    """The key is sent as the environment's clients send it, and nowhere else."""
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return guarded(request)

    prove(handler, key_header=header)
    (other,) = {"authorization", "api-key"} - {header}
    assert {request.headers[header] for request in sent} == {value}
    assert not any(other in request.headers for request in sent)


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
        httpx.Response(400, json={"error": {"message": "no", "code": None, "type": "invalid_request_error"}}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text='data: {"error": {"message": "no", "code": "content_filter"}}\n\n'),
        httpx.Response(200, text="data: {]\n\n"),
        httpx.Response(200, text="data: [DONE]\n\n"),
        httpx.Response(200, json=[]),
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


@pytest.mark.parametrize("first", [429, 500, 503, 408, 424])
def test_an_error_that_may_pass_is_tried_again(first: int) -> None:
    asked: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        is_new = request.content not in asked
        asked.append(request.content)
        return httpx.Response(first, json={"error": {"code": "x"}}) if is_new else guarded(request)

    assert [probe.says for probe in prove(handler)] == [None] * 4
    assert len(asked) == 8


@pytest.mark.parametrize(
    "final",
    [
        httpx.Response(400, json={"error": {"code": "x"}}),
        httpx.Response(503, json={"error": {"code": "x"}}, headers={"x-should-retry": "false"}),
        httpx.Response(200, json={"choices": [{"finish_reason": "stop"}]}),
    ],
)
def test_what_will_not_pass_and_a_wrong_answer_are_not_tried_again(final: httpx.Response) -> None:
    asked: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return final

    assert any(probe.says for probe in prove(handler))
    assert len(asked) == 4


class Endless(httpx.SyncByteStream):
    """An endless body; counts the bytes read."""

    def __init__(self, part: bytes) -> None:
        self.part, self.read_bytes = part, 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.read_bytes += len(self.part)
            yield self.part


@pytest.mark.parametrize("status", [200, 400])
def test_endless_answer_is_read_to_the_limit(status: int) -> None:
    """8 MiB of an endless answer are read; it proves nothing and is not asked for again."""
    bodies: list[Endless] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(Endless(b": heartbeat\n" * 50_000))
        return httpx.Response(status, stream=bodies[-1])

    probes = prove(handler)
    assert [probe.says and "an answer of more than 8,388,608 bytes" in probe.says for probe in probes] == [
        True
    ] * 4
    assert len(bodies) == 4
    assert all(body.read_bytes < 9 * 1024 * 1024 for body in bodies)


def test_answer_without_end_in_time_is_a_timeout() -> None:
    """An answer whose bytes keep coming ends at its deadline, like a silent one."""
    probes = prove(lambda _: httpx.Response(200, stream=Endless(b"\n")), timeout_s=0)
    assert all(probe.says and "ReadTimeout" in probe.says for probe in probes)


def test_compressed_answer_is_not_asked_for() -> None:
    """The proof asks for uncompressed answers, whose size it can limit."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        return guarded(request)

    prove(handler)
    assert set(asked) == {"identity"}
