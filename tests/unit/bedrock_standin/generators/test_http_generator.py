"""Asks another OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.bedrock_standin.generators.http_generator import HttpGenerator, UnreachableError, check_reachable
from local.bedrock_standin.refusals import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.bedrock_standin.generators.completion import Completion

BODY = {"model": "openai.x", "messages": [{"role": "developer", "content": "Be brief."}]}
MADE = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]}


class FakeServer:
    """Answers every request with `answer` and keeps the requests."""

    def __init__(self, answer: httpx.Response, models: Any = None) -> None:
        self.answer = answer
        self.models = models
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/prefix/v1/models":
            return httpx.Response(200, json=self.models)
        assert request.url.path == "/prefix/v1/chat/completions"
        self.asked.append(json.loads(request.content))
        return self.answer


def generator(server: Callable[[httpx.Request], httpx.Response], model: str | None = None) -> HttpGenerator:
    return HttpGenerator("http://g/prefix/v1/", model, transport=httpx.MockTransport(server))


def complete(server: FakeServer, body: dict[str, Any], model: str | None = None) -> Completion:
    async def run() -> Completion:
        asked = generator(server, model)
        await asked.start()
        completion = await asked.complete(body)
        await asked.close()
        return completion

    return asyncio.run(run())


def stream(answer: httpx.Response) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [chunk async for chunk in generator(FakeServer(answer)).stream(BODY)]

    return asyncio.run(run())


def test_the_body_is_put_in_words_every_server_knows() -> None:
    server = FakeServer(httpx.Response(200, json=MADE))
    complete(server, BODY | {"max_completion_tokens": 5, "top_p": 0.5, "stop": None}, "m")
    assert server.asked == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}],
            "max_tokens": 5,
            "top_p": 0.5,
            "temperature": 0,
            "stream": False,
        }
    ]


@pytest.mark.parametrize(
    ("models", "asked_for"),
    [({"data": [{"id": "first"}]}, "first"), ({"data": []}, "openai.x"), ([], "openai.x")],
)
def test_without_a_model_the_servers_first_is_asked(models: Any, asked_for: str) -> None:
    server = FakeServer(httpx.Response(200, json=MADE), models)
    complete(server, BODY)
    assert server.asked[0]["model"] == asked_for


def test_only_the_keys_that_bedrock_has_are_kept() -> None:
    message = {"role": "assistant", "content": "Hi", "reasoning_content": "hm", "tool_calls": [{"id": "a"}]}
    made = {"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "timings": {}}
    completion = complete(FakeServer(httpx.Response(200, json=made)), BODY)
    kept = {"role": "assistant", "content": "Hi", "tool_calls": [{"id": "a"}]}
    assert completion.choices == [{"finish_reason": "stop", "index": 0, "message": kept}]


@pytest.mark.parametrize(("theirs", "ours"), [(400, 400), (404, 400), (429, 503), (500, 503)])
def test_the_servers_refusals_become_ours(theirs: int, ours: int) -> None:
    answer = httpx.Response(theirs, json={"error": {"message": "too long"}})
    for ask in (lambda: complete(FakeServer(answer), BODY), lambda: stream(answer)):
        with pytest.raises(RefusalError) as caught:
            ask()
        assert caught.value.status == ours


@pytest.mark.parametrize(
    ("status", "said", "message"),
    [
        (
            400,
            "Field 'top_p': [json.exception.type_error.302]",
            "'top_p' has a value that the model cannot use.",
        ),
        (400, "exceeds the available context size", "The prompt is longer than the model's context."),
        (400, "Invalid tool_choice: zzz", "The model cannot use this request."),
        (500, "Failed to parse tools: Expected 'tools' to be an array", "The model cannot use this request."),
        (500, "image input is not supported - hint: mmproj", "The model cannot use this request."),
    ],
)
def test_what_the_server_cannot_read_is_400_in_our_words(status: int, said: str, message: str) -> None:
    answer = httpx.Response(status, json={"error": {"message": said}})
    for ask in (lambda: complete(FakeServer(answer), BODY), lambda: stream(answer)):
        with pytest.raises(RefusalError) as caught:
            ask()
        assert (caught.value.status, caught.value.message) == (400, message)


def test_an_abandoned_question_gives_its_place_to_the_next() -> None:
    """An abandoned request gives up its place and closes its connection, so that the server notices."""
    arrived, let_go = asyncio.Event(), asyncio.Event()

    async def server(_: httpx.Request) -> httpx.Response:
        if not arrived.is_set():
            arrived.set()
            try:
                await asyncio.Event().wait()
            finally:
                let_go.set()
        return httpx.Response(200, json=MADE)

    async def run() -> None:
        asked = HttpGenerator("http://g/v1", "m", max_connections=1, transport=httpx.MockTransport(server))
        first = asyncio.create_task(asked.complete(BODY))
        await arrived.wait()
        second = asyncio.create_task(asked.complete(BODY))
        first.cancel()
        await asyncio.wait_for(let_go.wait(), 5)
        assert (await asyncio.wait_for(second, 5)).choices
        await asked.close()

    asyncio.run(run())


def test_a_server_that_answers_anything_is_reachable(caller: httpx.Client) -> None:
    check_reachable(f"{caller.base_url}/no-such-path/")


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9/v1", "http://", "http://127.0.0.1:x/v1"])
def test_a_server_that_does_not_answer_is_unreachable(base_url: str) -> None:
    with pytest.raises(UnreachableError):
        check_reachable(base_url)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"choices": ["x"]}'])
def test_an_unusable_answer_is_503(answer: bytes) -> None:
    with pytest.raises(RefusalError) as caught:
        complete(FakeServer(httpx.Response(200, content=answer)), BODY)
    assert caught.value.status == 503


def test_a_stream_may_hold_any_line_separator_inside_its_json() -> None:
    chunk = {"choices": [{"delta": {"content": "a\u2028b"}}]}
    raw = f": ping\n\ndata: {json.dumps(chunk, ensure_ascii=False)}\r\n\r\ndata: [DONE]\n\n"
    assert stream(httpx.Response(200, content=raw.encode())) == [chunk]


@pytest.mark.parametrize("raw", [b"data: {}\n\n", b'data: {"error": {}}\n\ndata: [DONE]\n\n', b"data: {\n\n"])
def test_a_broken_stream_is_an_error(raw: bytes) -> None:
    with pytest.raises(RefusalError):
        stream(httpx.Response(200, content=raw))
