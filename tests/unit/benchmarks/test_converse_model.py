"""A measured model on the Converse route: the upstream's answers, and the checks of the function's."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import closing, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import cast

import pytest
from botocore.eventstream import EventStreamBuffer

from benchmarks import converse_answers, converse_model, events, exchanges, upstream
from benchmarks.converse_model import ConverseTarget
from benchmarks.exchanges import PRELUDE_END, FunctionTarget, Timing
from benchmarks.functions import Function
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.packages import Package
from benchmarks.shapes import CONVERSE_FAMILY, TEXT, WORD, Shape
from benchmarks.stage import Stage
from chat_gateway.completions import routes
from chat_gateway.converse import answer, families
from chat_gateway.converse.event_stream import EventParser
from chat_gateway.converse.stream_events import StreamTranslator

WHOLE, STREAM, PACED = Shape(), Shape(events=3), Shape(events=3, gap_us=100)
PACED_WORDS = [f" @{number}@" for number in range(3)]


def converse_of(address: str, shape: Shape, operation: str) -> tuple[str | None, bytes]:
    """The upstream's content type and body for a request to Converse or ConverseStream."""
    path = f"/model/{CONVERSE_FAMILY.decode()}{shape.model}/{operation}"
    with closing(HTTPConnection(address)) as connection:
        connection.request("POST", path, "{}")
        response = connection.getresponse()
        assert response.status == 200
        return response.headers["content-type"], response.read()


def translated(stream: bytes) -> list[dict[str, object]]:
    """The chunks that the gateway makes of a stream of frames."""
    parser = EventParser()
    translator = StreamTranslator(model="m", tool_names={}, id_="i", created=1, bedrock_request_id=None)
    written = b"".join(map(translator.feed, parser.feed(stream)))
    parser.end()
    written += translator.end()
    assert written.endswith(b"data: [DONE]\n\n")
    return [json.loads(event[6:]) for event in written.split(b"\n\n")[:-2]]


def chunk(words: str, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


def streamed(words: Sequence[str] = (WORD,) * 3, finish: str | None = "stop", end: str = "[DONE]") -> str:
    return "".join([*map(chunk, words), chunk("", finish), f"data: {end}\n\n"])


def whole(text: str = TEXT, finish: str = "stop") -> str:
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}]})


class AskedFunction:
    """A function that gives one answer. `asked` are the models of its requests."""

    name, pid = "ours", 7

    def __init__(self, body: str, status: int = 200) -> None:
        self.body, self.status, self.asked = body, status, list[str]()

    def exchange(self, body: bytes) -> tuple[Timing, bytes]:
        self.asked.append(json.loads(body)["model"])
        prelude = json.dumps({"statusCode": self.status, "headers": {}}).encode()
        return Timing(0.1, 0.2), prelude + PRELUDE_END + self.body.encode()


def target(function: AskedFunction) -> ConverseTarget:
    return ConverseTarget(cast("FunctionTarget", function))


@pytest.mark.parametrize("shape", [WHOLE, STREAM])
def test_the_model_is_a_claude_on_converse(shape: Shape) -> None:
    """The function gets the same request for a model of a known family that Bedrock serves on Converse."""
    function = AskedFunction(streamed() if shape.streams else whole())
    assert target(function).ask(events.chat_body(shape, 1000)) == Timing(0.1, 0.2)
    (model,) = function.asked
    assert routes.route_of(model, {}) == routes.CONVERSE
    assert families.of(model).name == "Claude 4.5"
    assert Shape.asked_for(model.encode()) == shape


def test_the_upstream_answers_converse(address: str) -> None:
    """The gateway reads the text of chat completions' answer, its usage and its end in the upstream's answer."""
    content_type, body = converse_of(address, WHOLE, "converse")
    assert content_type == "application/json"
    document = answer.completion(json.loads(body), model="m", tool_names={}, id_="i", created=1)
    (choice,) = document["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (TEXT, "stop")
    assert document["usage"]["total_tokens"] == 135


@pytest.mark.parametrize("shape", [STREAM, PACED])
def test_the_upstream_streams_frames(shape: Shape, address: str) -> None:
    """The gateway reads every word in frames with right checksums, and botocore reads the same number of frames."""
    content_type, body = converse_of(address, shape, "converse-stream")
    assert content_type == "application/vnd.amazon.eventstream"
    chunks = translated(body)
    said = [
        choice for chunk in chunks for choice in cast("list[dict[str, dict[str, str]]]", chunk["choices"])
    ]
    words = [choice["delta"]["content"] for choice in said if choice["delta"].get("content")]
    assert len(words) == shape.events
    assert all(word == WORD or word.strip(" @").isdigit() for word in words)
    botocores = EventStreamBuffer()
    botocores.add_data(body)
    assert len(list(botocores)) == shape.events + 4


def test_streams_are_about_as_long_on_both_routes() -> None:
    """Frames and events have about the same number of bytes, so that sending them takes the same time."""
    shape = Shape(events=100)
    frames = sum(len(frame()) for frame in converse_answers.events(shape))
    of_chat = sum(len(event()) for event in upstream._events(shape))
    assert math.isclose(frames, of_chat, rel_tol=0.1)


def test_other_routes_do_not_have_the_model(address: str) -> None:
    """The upstream answers 404 on chat completions, as Bedrock does, so an earlier function is not measured there."""
    body = events.chat_body(WHOLE, 1000).replace(b'"bench-', b'"' + CONVERSE_FAMILY + b"bench-")
    with closing(HTTPConnection(address)) as connection:
        connection.request("POST", "/openai/v1/chat/completions", body)
        response = connection.getresponse()
        assert (response.status, "error" in json.loads(response.read())) == (404, True)


def test_a_paced_answer_is_timed() -> None:
    """A paced stream has one time for each event."""
    function = target(AskedFunction(streamed(PACED_WORDS)))
    assert function.ask(events.chat_body(PACED, 1000)) == Timing(0.1, 0.2)
    assert (function.name, function.pid) == ("ours, Converse", 7)


@pytest.mark.parametrize(
    ("shape", "body", "status"),
    [
        (WHOLE, whole(), 500),
        (WHOLE, whole(TEXT[:-1]), 200),
        (WHOLE, whole(finish="length"), 200),
        (WHOLE, '{"choices": []}', 200),
        (STREAM, streamed(), 500),
        (STREAM, streamed([WORD] * 2), 200),
        (STREAM, streamed(finish=None), 200),
        (STREAM, streamed(end="[NO]"), 200),
        (PACED, streamed(PACED_WORDS[1:]), 200),
    ],
)
def test_wrong_answers_are_not_timed(shape: Shape, body: str, status: int) -> None:
    """An error, a part of the text, another finish, or a stream without its end is not timed."""
    with pytest.raises(AssertionError, match=f"ours, Converse answered with the status {status}"):
        target(AskedFunction(body, status)).ask(events.chat_body(shape, 1000))


@pytest.mark.parametrize(("body", "knows"), [(whole(), True), (whole("Hi"), False), (None, False)])
def test_an_earlier_function_may_lack_it(
    body: str | None, knows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that gets the upstream's 404 is not measured on Converse."""

    class Earlier(AskedFunction):
        def exchange(self, body: bytes) -> tuple[Timing, bytes]:
            assert self.body, "answered an error"
            return super().exchange(body)

    monkeypatch.setattr(exchanges, "function_target", lambda *_, **__: nullcontext(Earlier(body or "")))
    stage = Stage(Path(), "127.0.0.1:1", ManagedRuntime(Path(), Path()))
    package = Package(folder=Path(), sources_only=Path(), zipped_bytes=0, zipped_sources_bytes=0)
    function = Function(name="earlier", package=package, handler="a.handle", env={})
    assert converse_model.is_known(function, stage) is knows
