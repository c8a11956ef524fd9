"""Decorators around `until_sent` end with the body, and the invocation is answered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from response_streaming import StreamError, StreamingResponse, until_sent
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.bodies import Handler, raising, response, returning
from tests.unit.response_streaming.conftest import Serve


class Recorder:
    """A decorator that records whether it is active, and when."""

    def __init__(self) -> None:
        self.is_at_work = False
        self.seen: list[str] = []

    def __call__(self, handler: Handler) -> Handler:
        def wrapper(event: Any, context: Any) -> Any:
            self.is_at_work = True
            try:
                return handler(event, context)
            finally:
                self.is_at_work = False

        return wrapper

    def note(self, moment: str) -> None:
        assert self.is_at_work
        self.seen.append(moment)

    def response(self, error: Exception | None = None, *, items: int = 2) -> StreamingResponse:
        return response(self._items(error, items), hold_s=5)

    def _items(self, error: Exception | None, items: int) -> Iterator[bytes]:
        try:
            for _ in range(items):
                self.note("item")
                yield b"x"
            if error is not None:
                raise error
        finally:
            self.note("end")

    def stream_error(self) -> StreamError:
        return StreamError("X", response=self.response(), last_chunk=b"")


def ordinary(recorder: Recorder) -> str:
    recorder.note("handler")
    return "result"


def broken(recorder: Recorder) -> Any:
    recorder.note("handler")
    raise ValueError


ENDS: dict[str, tuple[Callable[[Recorder], Any], list[str]]] = {
    "ordinary": (ordinary, ["handler"]),
    "raises": (broken, ["handler"]),
    "streams": (Recorder.response, ["item", "item", "end"]),
    "breaks": (lambda it: it.response(ValueError()), ["item", "item", "end"]),
    "breaks off": (lambda it: it.response(it.stream_error()), ["item", "item", "end"]),
    "is replaced": (lambda it: it.response(it.stream_error(), items=0), ["end", "item", "item", "end"]),
}


@pytest.mark.parametrize("end", ENDS)
def test_under_our_loop(api: RuntimeApiServer, serve: Serve, end: str) -> None:
    """The decorator lasts until the last item has been sent, and the body is closed."""
    recorder, (answer, seen) = Recorder(), ENDS[end]
    invocation = api.invoke()
    serve(recorder(until_sent(lambda event, context: answer(recorder))))
    assert invocation.answer().complete
    assert (recorder.seen, recorder.is_at_work) == (seen, False)


def test_an_abandoned_stream(api: RuntimeApiServer, serve: Serve) -> None:
    """If the reader leaves, the decorator ends with the stream."""
    recorder = Recorder()
    api.invoke(abandon_after=2)
    serve(recorder(until_sent(lambda event, context: recorder.response(items=100_000))))
    assert recorder.seen[-1] == "end"
    assert not recorder.is_at_work


@pytest.mark.parametrize("end", ENDS)
def test_under_another_runtime(end: str) -> None:
    """Under another runtime too, the decorator lasts to the end of the body."""
    recorder, (answer, seen) = Recorder(), ENDS[end]
    handler = recorder(until_sent(lambda event, context: answer(recorder)))
    with suppress(ValueError):
        handler({}, object())
    assert (recorder.seen, recorder.is_at_work) == (seen, False)


def test_in_one_piece_elsewhere() -> None:
    """Another runtime gets API Gateway's proxy object; ordinary results do not change."""
    answer = until_sent(returning(response(iter([b"a", b"b"]), 201)))({}, object())
    assert (answer["statusCode"], answer["body"]) == (201, "ab")
    assert until_sent(returning("result"))({}, object()) == "result"


def test_the_sent_response_is_returned(api: RuntimeApiServer, serve: Serve) -> None:
    """A decorator gets the response that was sent; another result of the decorator is not sent."""
    returned, made = [], response(iter([b"x"]))

    def handler(event: Any, context: Any) -> Any:
        returned.append(until_sent(returning(made))(event, context))
        return "something else"

    invocation, following = api.invoke(), api.invoke()
    serve(handler)
    serve(returning("next"))
    assert returned == [made]
    assert invocation.answer().body.endswith(bytes(8) + b"x")
    assert following.answer().content == b'"next"'


def test_a_decorator_that_raises_after_it(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    """An error after the response was sent is logged, and Lambda gets no second answer."""

    def handler(event: Any, context: Any) -> Any:
        until_sent(returning(response(iter([b"x"]))))(event, context)
        raise LookupError

    invocation, following = api.invoke(), api.invoke()
    serve(handler)
    serve(returning("next"))
    assert invocation.answer().complete
    assert following.answer().complete
    assert not [line for line in api.lines() if line.endswith("/error")]
    assert capfd.readouterr().err.startswith("[ERROR] request-1 LookupError < ")


def test_a_decorator_that_mends_it(api: RuntimeApiServer, serve: Serve) -> None:
    """A decorator may catch a body's error before anything was sent, and return another answer."""

    def handler(event: Any, context: Any) -> Any:
        with suppress(ValueError):
            until_sent(returning(response(raising(ValueError()), hold_s=5)))(event, context)
        return "in its place"

    invocation = api.invoke()
    serve(handler)
    assert invocation.answer().content == b'"in its place"'


def test_a_second_response(api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    """Streaming a second response in one invocation is an error, which is logged."""

    def handler(event: Any, context: Any) -> None:
        context.stream_response(response(iter([b"first"])))
        context.stream_response(response(iter([b"second"])))

    invocation = api.invoke()
    serve(handler)
    assert invocation.answer().body.endswith(bytes(8) + b"first")
    assert "RuntimeError" in capfd.readouterr().err
