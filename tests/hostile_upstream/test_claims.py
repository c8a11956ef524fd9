"""Each claim notices the fault that it is for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import aws_answers
from chat_gateway.converse.event_stream import EventParser
from tests.e2e.streaming_runtime import DELIMITER
from tests.hostile_upstream import claims, honest, markers
from tests.hostile_upstream.aws import Call
from tests.hostile_upstream.functions import Answered, Exchange
from tests.hostile_upstream.honest import Honest
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import COMPLETES, INVALID, Expectation, Scenario, completes, refused
from tests.hostile_upstream.script import Frames, Script
from tests.hostile_upstream.trials import Observation, Seen, Trial
from tests.hostile_upstream.way import Way
from tests.unit.event_stream_messages import strings

ERROR = {"message": "no", "type": "server_error", "param": None, "code": "upstream_invalid_response"}


def trial(expect: Expectation = COMPLETES, way: Way = Way.WHOLE) -> Trial:
    return Trial(1, Scenario("tested", lambda honest: honest.counted(), expect), way)


LINE = {
    "level": "INFO",
    "location": "write:1",
    "message": "chat completion",
    "timestamp": "2026-11-27 19:29:07,123+0000",
    "service": "tested",
    "request_id": "trial-1",
    "lambda_request_id": "invocation-1",
    "cold_start": False,
    "status": 200,
    "latency_ms": 3,
}


def line(**change: Any) -> str:
    """A log line with these fields, as the schema has them; a field that is None is left out."""
    fields = {**LINE, **change}
    return json.dumps({name: value for name, value in fields.items() if value is not None}) + "\n"


def answered(
    body: bytes,
    *,
    status: int = 200,
    code: str | None = None,
    log: str | None = None,
    headers: dict[str, str] | None = None,
) -> Seen:
    head = {"statusCode": status, "headers": {"content-type": "application/json", **(headers or {})}}
    content = json.dumps(head).encode() + DELIMITER + body
    answer = Answered(content, [], is_whole=True)
    told = line(status=status, error_code=code) if log is None else log
    return Seen(Exchange(answer, told, 50), [])


def completion(words: str = honest.WORDS, **fields: Any) -> bytes:
    return honest.to_json(honest.completion(words, **fields))


def error(**change: Any) -> bytes:
    return honest.to_json({"error": {**ERROR, **change}})


def broken(seen: Seen, asked: Trial | None = None, *, following: Seen | None = None) -> str:
    asked = asked or trial()
    after = following or answered(completion(asked.next_words))
    return " ".join(claims.broken(asked, Observation(seen, after, settled=True)))


def test_a_completion_holds() -> None:
    """A correct completion breaks no claim."""
    assert broken(answered(completion())) == ""


def test_an_error_holds() -> None:
    """A correct error breaks no claim, whatever its message repeats."""
    seen = answered(error(message=markers.WORDS), status=502, code=ERROR["code"])
    assert broken(seen, trial(INVALID)) == ""


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (answered(completion("Rome")), "the completion says 'Rome'"),
        (answered(b"no JSON"), "no JSON"),
        (answered(error(), status=502), "an error (502"),
        (answered(b'{"error": "text"}', status=502), "no error in OpenAI's shape"),
        (answered(error(message=""), status=502), "an error without words"),
        (answered(error(code=[]), status=502), "code that is no text"),
        (answered(completion(), log=""), "0 lines of the request"),
        (answered(completion(), log=line(status=502)), "log: it says (502, None) of (200, None)"),
        (answered(error(), status=502), "log: it says (502, None) of (502, 'upstream_invalid_response')"),
        (answered(error(code="internal_error"), status=500), "the gateway has a fault"),
        (answered(completion(), log=line() * 2), "2 lines of the request"),
        (answered(completion(), log=line() + "Traceback\n"), "1 lines are no JSON"),
        (answered(completion(), log=line(a="x" * 40_000)), "a line has"),
        (answered(completion(), log=line(fault_stack=["x"] * 21)), "fault_stack has 21 entries"),
        (answered(completion(), log=line(a={"b": [0] * 51})), "b has 51 entries"),
        (answered(completion(), log=line(a=markers.WORDS)), "log: it holds"),
        (answered(completion(), log=line(a=aws_answers.KEY)), "log: it holds our key"),
        (answered(completion(), log=line(a=1)), "log: chat completion: it has a"),
        (answered(completion(), log=line(latency_ms=None)), "log: chat completion: it lacks latency_ms"),
        (answered(completion(), log=line(reason="ada@example.com")), "reason holds an e-mail address"),
        (answered(completion(), headers={"a": "x" * 1_025}), "head: a is"),
        (answered(completion(), headers={"a": "é"}), "head: a is"),
        (answered(completion(), headers={"a": markers.WORDS}), "head: it holds"),
        (answered(completion(), headers={f"a{n}": "x" * 1_000 for n in range(9)}), "head: it has"),
        (answered(completion(a=aws_answers.KEY)), "our key is in the answer"),
        (answered(completion(a=markers.MATCHED)), "what the guardrail matched"),
    ],
)
def test_a_fault_is_noticed(seen: Seen, wrong: str) -> None:
    """Each fault of an answer, its head or its log is reported."""
    assert wrong in broken(seen)


def test_words_in_a_code_are_noticed() -> None:
    """A foreign word in an error may only be in the error's message."""
    assert "outside its message" in broken(answered(error(code=markers.WORDS), status=502), trial(INVALID))


@pytest.mark.parametrize(
    ("code", "status"), [("upstream_connection_error", 502), ("internal_error", 500), (None, None)]
)
def test_the_wrong_error_in_a_stream_is_noticed(code: str | None, status: int | None) -> None:
    """After a stream's head, an error has only its code, and the code tells its status."""
    seen = answered(
        honest.event({"error": {**ERROR, "code": code}}), headers={"content-type": "text/event-stream"}
    )
    assert f"the error's status is {status}, not (504,)" in broken(seen, trial(refused(504), Way.STREAM))


def test_a_leak_into_the_next_is_noticed() -> None:
    """The next answer has its own words and none of the scenario's words."""
    assert "next: 200" in broken(answered(completion()), following=answered(completion()))
    words = answered(completion(trial().next_words, a=markers.WORDS))
    assert "it holds words of this answer" in broken(answered(completion()), following=words)


def test_much_memory_is_noticed() -> None:
    """A function must not take more than 200 MiB."""
    seen = answered(completion())
    much = replace(seen, exchange=replace(seen.exchange, peak_mib=201))
    assert "memory: 201 MiB" in broken(much)


def test_no_answer_is_noticed() -> None:
    """A function that hangs gives no answer, and that is reported."""
    seen = answered(completion())
    assert "there was no answer" in broken(replace(seen, exchange=replace(seen.exchange, answer=None)))


def test_a_dead_letter_that_is_missing_is_noticed() -> None:
    """A job that fails at its last delivery must become a dead letter."""
    job = replace(trial(INVALID, Way.JOB), is_last_delivery=True)
    failed = Answered(b'{"batchItemFailures": [{"itemIdentifier": "trial-1"}]}', [], is_whole=True)
    assert "no dead letter at delivery 10" in broken(Seen(Exchange(failed, "", 50), []), job)


def test_a_trial_has_markers_of_its_own() -> None:
    """Every trial has its own markers, and the lengths do not change."""
    sent = Scenario("a", lambda honest: (honest.of(markers.WORDS.encode()),), COMPLETES).script(Way.WHOLE)
    first, second = (sent.numbered(number).steps[0] for number in (7, 8))
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert first.endswith(b"zq00007")
    assert second.endswith(b"zq00008")
    assert len(first) == len(Honest(Way.WHOLE).of(b"zq00000"))


UPDATE = Call("UpdateItem", {"Key": {"pk": {"S": "counters#limited"}}})


@pytest.mark.parametrize(
    ("asked", "calls", "wrong"),
    [
        (1, [UPDATE] * 3, ""),
        (0, [UPDATE] * 3, "limits: Bedrock was asked 0 times"),
        (2, [UPDATE] * 3, "limits: Bedrock was asked 2 times"),
        (1, [UPDATE] * 2, "next limits: 2 updates"),
        (1, [Call("UpdateItem", {"Key": {"job": {"S": "trial-1"}}})] * 3, "next limits: 0 updates"),
    ],
)
def test_a_request_that_is_not_counted_is_noticed(asked: int, calls: list[Call], wrong: str) -> None:
    """Bedrock must be asked once for a client with limits, and the next request must be counted."""
    made = trial()
    limited = replace(made, scenario=replace(made.scenario, part=Part.RESERVATION))
    following = replace(answered(completion(made.next_words)), calls=calls)
    assert broken(replace(answered(completion()), asked=asked), limited, following=following) == wrong


def test_asking_for_a_refused_request_is_noticed() -> None:
    """Bedrock must not be asked about a request that the client's limits refuse."""
    limited = replace(trial(refused(429)).scenario, part=Part.RESERVATION)
    seen = replace(answered(error(), status=429, code=ERROR["code"]), asked=1)
    assert "limits: Bedrock was asked 1 times" in broken(seen, replace(trial(), scenario=limited))


def converse(part: Part, expect: Expectation = COMPLETES, way: Way = Way.WHOLE) -> Trial:
    made = trial(expect, way)
    return replace(made, scenario=replace(made.scenario, part=part))


@pytest.mark.parametrize(
    ("asked", "of", "wrong"),
    [
        (1, converse(Part.CONVERSE), ""),
        (2, converse(Part.CONVERSE), "model: it was asked 2 times, not 1"),
        (2, converse(Part.OUTPUT_CHECK), "model: it was asked 2 times, not 1"),
        (1, converse(Part.INPUT_CHECK), ""),
        (2, trial(), ""),
    ],
)
def test_asking_again_is_noticed(asked: int, of: Trial, wrong: str) -> None:
    """After an answer, the model is not asked again."""
    assert broken(replace(answered(completion()), asked=asked), of) == wrong


@pytest.mark.parametrize(
    ("kind", "status", "most"),
    [
        ("UpstreamError", 429, 3),
        ("UpstreamError", 400, 1),
        ("UpstreamConnectionError", 502, 2),
        ("UpstreamProtocolError", 502, 1),
        ("UpstreamCredentialsError", 503, 2),
    ],
)
def test_asking_too_often_is_noticed(kind: str, status: int, most: int) -> None:
    """The number of repetitions depends on the failure."""
    code = ERROR["code"]
    log = line(status=status, error_code=code, error_class=kind)
    seen, asked = answered(error(), status=status, log=log), converse(Part.CONVERSE, refused(status))
    assert broken(replace(seen, asked=most), asked) == ""
    assert f"asked {most + 1} times, not {most}" in broken(replace(seen, asked=most + 1), asked)


def test_asking_for_a_blocked_request_is_noticed() -> None:
    """The model must not be asked about a request that ApplyGuardrail blocked."""
    blocked = replace(answered(completion("No.")), asked=1)
    assert "asked 1 times, not 0" in broken(blocked, converse(Part.INPUT_CHECK, completes("No.")))


def test_an_unchecked_part_is_noticed() -> None:
    """What ApplyGuardrail was not asked about must not be in an answer."""
    seen = answered(completion(a=markers.HELD))
    assert "not checked" in broken(seen, converse(Part.CONVERSE))
    assert broken(replace(seen, checked=markers.HELD), converse(Part.CONVERSE)) == ""


@pytest.mark.parametrize("releases", [True, False])
def test_a_release_is_noticed(releases: bool) -> None:
    """What ApplyGuardrail was asked about must be in the answer if it was let through, and only then."""
    asked = converse(Part.OUTPUT_CHECK, replace(COMPLETES, releases=releases))
    held = replace(answered(completion(a=markers.HELD)), checked=markers.HELD)
    assert ("asked about is in the answer" in broken(held, asked)) is not releases
    assert ("asked about is not in the answer" in broken(answered(completion()), asked)) is releases


def test_a_release_before_an_error_is_noticed() -> None:
    """If the check failed, nothing of what was to be checked is in the answer."""
    body = honest.event(honest.chunk_object(markers.HELD)) + honest.event({"error": ERROR})
    seen = answered(body, headers={"content-type": "text/event-stream"}, code=ERROR["code"])
    asked = converse(Part.OUTPUT_CHECK, INVALID, Way.STREAM)
    assert "asked about is in the answer" in broken(replace(seen, checked=markers.HELD), asked)


def test_an_event_stream_has_markers_of_its_own() -> None:
    """A trial's markers change the payloads, and the checksums with them."""
    message = (strings({":message-type": "event", ":event-type": "a"}), markers.HELD.encode())
    script = Script((Frames((message,)),)).numbered(7)
    (step,) = script.steps
    assert isinstance(step, Frames)
    (event,) = EventParser().feed(step.data)
    assert event.payload == b"zh00007"
