"""An invocation is watched from its event to the end of its body, and no longer, whichever way it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from response_streaming import StreamError, StreamingResponse, buffered_elsewhere, loop
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.conftest import Serve
from watchdog_timer import watchdog


class Recorder:
    """In the watchdog's place: whether it watches, and at what it did so."""

    def __init__(self) -> None:
        self.is_watching = False
        self.seen: list[str] = []

    def run(self, name: str, call: Callable[..., Any], *args: object, left_s: float = 0) -> Any:
        assert not self.is_watching
        self.is_watching = True
        try:
            return call(*args)
        finally:
            self.is_watching = False

    def note(self, moment: str) -> None:
        assert self.is_watching
        self.seen.append(moment)

    def response(self, error: Exception | None = None, *, items: int = 2) -> StreamingResponse:
        return StreamingResponse(status_code=200, headers={}, body=self._items(error, items), hold_s=5)

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


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(loop, "WATCHDOG", made)
    monkeypatch.setattr(watchdog, "WATCHDOG", made)
    return made


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
def test_under_our_loop(api: RuntimeApiServer, serve: Serve, recorder: Recorder, end: str) -> None:
    """The loop watches, since the handler has returned long before the last item is made."""
    answer, seen = ENDS[end]
    invocation = api.invoke()
    serve(lambda event, context: answer(recorder))
    assert invocation.answer().complete
    assert (recorder.seen, recorder.is_watching) == (seen, False)


def test_an_abandoned_stream(api: RuntimeApiServer, serve: Serve, recorder: Recorder) -> None:
    """Nobody reads any more: the watch ends with the stream."""
    api.invoke(abandon_after=2)
    serve(lambda event, context: recorder.response(items=100_000))
    assert recorder.seen[-1] == "end"
    assert not recorder.is_watching


@pytest.mark.parametrize("end", ENDS)
def test_under_another_runtime(recorder: Recorder, end: str) -> None:
    """`buffered_elsewhere` watches, to the end of the body as well."""
    answer, seen = ENDS[end]
    handler = buffered_elsewhere(lambda event, context: answer(recorder))
    with suppress(ValueError):
        handler({}, SimpleNamespace(aws_request_id="1"))
    assert (recorder.seen, recorder.is_watching) == (seen, False)
