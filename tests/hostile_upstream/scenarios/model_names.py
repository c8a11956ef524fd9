"""Requests by a model name: the first target is hostile, and the second one answers; or the first one answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream import converse, honest, way
from tests.hostile_upstream.converse import START, HonestCheck, exception, metadata
from tests.hostile_upstream.honest import DONE, Honest, chunk, chunk_object, error, event, head, to_json
from tests.hostile_upstream.markers import FOREIGN, HELD, WORDS
from tests.hostile_upstream.names import Position
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import (
    COMPLETES,
    INVALID,
    LATE,
    LOST,
    Answer,
    Expectation,
    Scenario,
    completes,
    refused,
)
from tests.hostile_upstream.script import BLOCK, Close, Endless, Frames, Pause, Reset, Script, Silence, Slowly
from tests.hostile_upstream.way import NOT_STREAMED, STREAMED, Way

_KEY = aws_answers.KEY
_FOLLOWED = completes(honest.OTHER_WORDS)  # by the other target
_CREDENTIALS = refused((403, 503), "upstream_access_denied", "upstream_credentials_invalid")
_UNAVAILABLE = refused(502, "guardrail_unavailable")
_NOT_WHOLE = (Way.STREAM, Way.JOB)
_4MB = 4_000_000
_SAYS_ALL = dict.fromkeys(("type", "code", "param"), FOREIGN) | {"message": f"{WORDS}: Bearer {_KEY}"}
_GONE = {"message": "This model version has reached the end of its life."}
_WORD = event(chunk_object("Paris"))
_THROTTLES = {"error": {"message": WORDS, "type": "throttling_error", "code": _KEY}}
_NAMED_OTHERWISE: Mapping[str, Any] = {
    "null": None,
    "list": [WORDS],
    "empty": "",
    "quotes": f'","model":"{WORDS}',
    "surrogate": "\ud800",
    "300kB": "m" * 300_000,
}


def _first(
    name: str,
    answer: Callable[[Any], Answer],
    expect: Expectation = _FOLLOWED,
    ways: Collection[Way] = way.ALL,
    *,
    part: Part = Part.BEDROCK,
    **fields: Any,
) -> Scenario:
    """The hostile target is asked first."""
    return Scenario(name, answer, expect, ways, part=part, by_name=Position.FIRST, **fields)


def _statuses(part: Part) -> Iterator[Scenario]:
    """Errors, with foreign text and our key in each field."""
    fields = (b"x-amzn-requestid: zq00000 & more", b"retry-after: 86400")
    for status in (404, 408, 424, 429, 500, 503, 529):
        answer = error(status, to_json({"error": _SAYS_ALL, **_SAYS_ALL}), *fields)
        yield _first(f"{part.name}-{status}", lambda _, answer=answer: answer, part=part)  # type: ignore[misc]
    for status, expect in ((400, refused(400)), (403, _CREDENTIALS), (422, refused(422))):
        answer = error(status, to_json({"error": _SAYS_ALL, **_SAYS_ALL}), *fields)
        yield _first(f"{part.name}-{status}", lambda _, answer=answer: answer, expect, part=part)  # type: ignore[misc]
    yield _first(f"{part.name}-gone", lambda _: error(400, to_json(_GONE)), part=part)
    repeated = to_json({"message": f"input_value='{WORDS}: {_GONE['message']}'"})
    yield _first(f"{part.name}-repeats-words", lambda _: error(400, repeated), refused(400), part=part)
    redirect = head(
        b"HTTP/1.1 307 Elsewhere", b"Location: http://bedrock.example/zq00000", b"Content-Length: 0"
    )
    yield _first(f"{part.name}-redirect", lambda _: redirect, INVALID, NOT_STREAMED, part=part)


def _ends(part: Part) -> Iterator[Scenario]:
    """An answer that ends, or stops, before its body begins."""
    begins: Mapping[str, Callable[[Honest], bytes]] = {
        "at-once": lambda _: b"",
        "in-status-line": lambda _: b"HTTP/1.1 2",
        "in-head": lambda honest: honest.head()[:-2],
        "after-head": lambda honest: honest.chunked_head(),
    }
    for end in (Close(), Reset(), Silence()):
        for name, begin in begins.items():
            yield _first(
                f"{part.name}-{type(end).__name__}-{name}".lower(),
                lambda honest, begin=begin, end=end: (begin(honest), end),  # type: ignore[misc]
                part=part,
                ways=way.ALL if name in ("at-once", "after-head") else (Way.WHOLE,),
            )


def _honest_ones(part: Part) -> Iterator[Scenario]:
    def steps(honest: Honest) -> Answer:
        return honest.steps() if isinstance(honest, converse.HonestConverse) else honest.chunked()

    yield _first(f"{part.name}-honest", steps, COMPLETES, part=part)
    late = replace(_FOLLOWED, words=honest.OTHER_WORDS)
    yield Scenario(f"{part.name}-not-asked", lambda _: (Close(),), late, part=part, by_name=Position.LAST)


def _named_otherwise() -> Iterator[Scenario]:
    """What the answer calls its model, in answers that need no other change."""
    for name, model in _NAMED_OTHERWISE.items():
        yield _first(
            f"model-{name}",
            lambda honest, model=model: honest.of(_with_model(honest, model)),  # type: ignore[misc]
            COMPLETES,
            NOT_STREAMED if name == "surrogate" else _NOT_WHOLE,
        )


def _with_model(honest: Honest, model: Any) -> bytes:
    return honest.content.replace(b'"openai.gpt-oss-120b-1:0"', to_json(model))


def _events() -> Iterator[Scenario]:
    """Streams of chat completions, before and after their first event."""

    def stream(name: str, answer: Callable[[Honest], Answer], expect: Expectation = _FOLLOWED) -> Scenario:
        return _first(f"events-{name}", answer, expect, STREAMED)

    throttles = event(_THROTTLES)
    yield stream("error", lambda honest: honest.of(throttles))
    typed = event({**_THROTTLES["error"], "type": "error", "code": "rate_limit"})
    yield stream("typed-error", lambda honest: honest.of(typed))
    yield stream("error-in-pieces", lambda honest: (honest.head(), Slowly(b":\r\n\r\n" + throttles), Close()))
    yield stream("none", lambda honest: honest.of(b""))
    yield stream("comments-only", lambda honest: honest.of(b": zq00000\n\n" * 10_000))
    comment = chunk(b":" + BLOCK + b"\n\n")
    yield stream("comments-endless", lambda honest: (honest.chunked_head(), Endless(comment)))
    yield stream(
        "comments-slow", lambda honest: (honest.chunked_head(), Endless(chunk(b":\n\n"), pause_s=0.1))
    )
    yield stream("line-slow", lambda honest: (honest.chunked_head(), Endless(chunk(b"d"), pause_s=0.1)))
    yield stream("line-endless", lambda honest: (honest.head(), Endless(b"data: x")), INVALID)
    yield stream("garbage", lambda honest: honest.of(b"data: zq00000\n\n" + honest.content), INVALID)
    yield stream(
        "refusal", lambda honest: honest.of(event({"error": {"message": WORDS, "code": 400}})), refused(400)
    )
    yield stream("words-of-errors", lambda honest: honest.of(b': "error"\n\n' + honest.content), COMPLETES)
    for name, end, expect in (
        ("closed", Close(), LOST),
        ("reset", Reset(), LOST),
        ("silent", Silence(), LATE),
    ):
        yield stream(f"{name}-after-one", lambda h, end=end: (h.head() + _WORD, end), expect)  # type: ignore[misc]
    yield stream("error-after-one", lambda honest: honest.of(_WORD + throttles + DONE), refused((429, None)))


def _converse_events() -> Iterator[Scenario]:
    """Streams of Converse, before and after their first event."""

    def stream(name: str, *messages: converse.Message, expect: Expectation = _FOLLOWED) -> Scenario:
        ended = lambda honest: (*honest.framed(*messages), Close())  # noqa: E731
        return _first(f"frames-{name}", ended, expect, STREAMED, part=Part.CONVERSE)

    said = to_json({"message": f"{WORDS}: Bearer {_KEY}"})
    for kind in ("throttlingException", "modelStreamErrorException", "serviceUnavailableException"):
        yield stream(kind, exception(kind, said))
    yield stream("validationException", exception("validationException", said), expect=refused(400))
    yield stream("none")
    throttling = exception("throttlingException", said)
    yield stream("throttling-after-start", START, throttling, expect=refused((429, None)))
    yield stream(
        "metadata-only", metadata(), expect=replace(LOST, may_complete=True, words=honest.OTHER_WORDS)
    )
    silent = lambda honest: (honest.head(), Frames((START,)), Silence())  # noqa: E731
    yield _first("frames-silent-after-start", silent, LATE, STREAMED, part=Part.CONVERSE)
    garbage = lambda honest: honest.of(b"zq00000" * 100)  # noqa: E731
    yield _first("frames-garbage", garbage, INVALID, STREAMED, part=Part.CONVERSE)


def _checks() -> Iterator[Scenario]:
    """ApplyGuardrail of the hostile target's region: before the model is asked, and after it has been paid."""
    says = to_json({"message": f"{WORDS}: Bearer {_KEY}"})
    before: Mapping[str, Answer] = {
        "429": error(429, says),
        "503": error(503, says),
        "404": error(404, says),
        "closes": (Close(),),
        "silent": (Silence(),),
    }
    for name, answer in before.items():
        yield _first(f"input-{name}", lambda _, answer=answer: answer, part=Part.INPUT_CHECK, ways=_NOT_WHOLE)  # type: ignore[misc]
    after: Mapping[str, Answer] = {"503": error(503, says), "closes": (Close(),), "404": error(404, says)}
    for name, answer in after.items():
        yield _first(
            f"output-{name}",
            lambda _, answer=answer: answer,  # type: ignore[misc]
            _UNAVAILABLE,
            part=Part.OUTPUT_CHECK,
            ways=(Way.WHOLE, Way.STREAM),
        )
    slow = (Pause(1.5), HonestCheck().counted())  # longer than the model may take until its first byte
    yield _first("output-slow", lambda _: slow, replace(COMPLETES, releases=True), part=Part.OUTPUT_CHECK)


SCENARIOS = (
    *(
        scenario
        for part in (Part.BEDROCK, Part.CONVERSE)
        for kind in (_statuses, _ends, _honest_ones)
        for scenario in kind(part)
    ),
    *_named_otherwise(),
    *_events(),
    *_converse_events(),
    *_checks(),
    _first("before-the-request", lambda _: Script((Close(),), before_request=True)),
    _first("half", lambda h: (h.counted_head() + h.half(), Close()), streamed=LOST),
    _first("half-silent", lambda h: (h.chunked_head() + chunk(h.half()), Silence()), streamed=LATE),
    _first("no-object", lambda honest: honest.of(b"[]"), INVALID, NOT_STREAMED),
    _first("head-slow", lambda honest: (Slowly(honest.counted(), pause_s=0.1),), ways=(Way.WHOLE,)),
    _first("503-silent", lambda _: (honest.unfinished_error(503), Silence())),
    _first("503-4MB", lambda _: error(503, to_json(_SAYS_ALL)), prompt_bytes=_4MB),
    _first(
        "held-4MB",
        lambda _: error(503, to_json({"message": HELD})),
        ways=NOT_STREAMED,
        part=Part.CONVERSE,
        prompt_bytes=_4MB,
    ),
)
