"""Each claim about requests by a model name notices the fault that it is for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.hostile_upstream import honest, markers
from tests.hostile_upstream.aws import Call
from tests.hostile_upstream.functions import Answered
from tests.hostile_upstream.names import (
    CONVERSE_MODEL,
    HOME_GUARDRAIL,
    NATIVE_MODEL,
    REGION,
    REGIONS_GUARDRAIL,
    Position,
)
from tests.hostile_upstream.scenario import COMPLETES, Expectation, completes, refused
from tests.hostile_upstream.test_claims import ERROR, answered, broken, error, line
from tests.hostile_upstream.test_claims import trial as unnamed
from tests.hostile_upstream.trials import Seen, Trial
from tests.hostile_upstream.way import Way

NAME = "native-first"
FOLLOWED = completes(honest.OTHER_WORDS)
FAILED = {"model": NATIVE_MODEL, "status": 503}


def trial(expect: Expectation = FOLLOWED, way: Way = Way.WHOLE) -> Trial:
    made = unnamed(expect, way)
    return replace(made, scenario=replace(made.scenario, by_name=Position.FIRST))


def body(words: str = honest.OTHER_WORDS, model: str = NAME, **fields: Any) -> bytes:
    return honest.to_json(honest.completion(words, model=model, **fields))


def followed(content: bytes | None = None, *, headers: dict[str, str] | None = None, **logged: Any) -> Seen:
    """The answer of the other target, and its log line."""
    fields = {"target_model": CONVERSE_MODEL, "target_region": REGION, "failed_targets": [FAILED], **logged}
    log = line(**{"model": NAME, **fields})
    seen = answered(body() if content is None else content, log=log, headers=headers)
    return replace(
        seen,
        asked=1,
        asked_elsewhere=1,
        guardrails=frozenset({HOME_GUARDRAIL}),
        guardrails_elsewhere=frozenset({REGIONS_GUARDRAIL}),
    )


def failed(**logged: Any) -> Seen:
    """An error of the first target."""
    fields = {
        "model": NAME,
        "target_model": NATIVE_MODEL,
        "status": 400,
        "error_code": ERROR["code"],
        **logged,
    }
    return replace(answered(error(), status=400, log=line(**fields)), asked=1)


def test_the_other_targets_answer_holds() -> None:
    """The other target's answer, under the name, breaks no claim."""
    assert broken(followed(), trial()) == ""


def test_the_first_targets_answer_holds() -> None:
    """Nor does the first target's, if no other was asked."""
    seen = followed(body(honest.WORDS), target_model=NATIVE_MODEL, target_region=None, failed_targets=[])
    assert broken(replace(seen, asked_elsewhere=0), trial(COMPLETES)) == ""


@pytest.mark.parametrize("way", [Way.WHOLE, Way.STREAM])
def test_an_error_holds(way: Way) -> None:
    """Nor does an error, of which the log has the target; a stream's may have begun."""
    asked = trial(refused(400), way)
    assert broken(failed(failed_targets=[FAILED]), asked) == ""
    assert ("the failed targets are []" in broken(failed(), asked)) is (way is Way.WHOLE)


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (replace(followed(), asked=2), "its targets were asked 2 and 1 times"),
        (replace(followed(), asked_elsewhere=2), "its targets were asked 1 and 2 times"),
        (replace(followed(), asked_elsewhere=0), "0 requests elsewhere, and the answer is"),
        (followed(body(honest.WORDS)), "1 requests elsewhere, and the answer is"),
        (followed(body(id=markers.WORDS)), "the other target's answer holds"),
        (followed(body(model=CONVERSE_MODEL)), "the answer's model is 'eu.anthropic"),
        (replace(followed(), guardrails=frozenset({REGIONS_GUARDRAIL})), "the guardrails are"),
        (replace(followed(), guardrails_elsewhere=frozenset({HOME_GUARDRAIL})), "the guardrails are"),
        (replace(followed(), guardrails_elsewhere=frozenset({("", "")})), "the guardrails are"),
        (followed(model=NATIVE_MODEL), "the line has"),
        (followed(target_model=NATIVE_MODEL), "the line has"),
        (followed(target_region=None), "the line has"),
        (followed(failed_targets=[]), "the failed targets are []"),
        (followed(failed_targets=[FAILED, FAILED]), "the failed targets are"),
        (followed(failed_targets=[{**FAILED, "skipped": True}]), "a target was left out"),
    ],
)
def test_a_fault_is_noticed(seen: Seen, wrong: str) -> None:
    """Each fault of an answer by name, its log line or its requests is reported."""
    assert wrong in broken(seen, trial())


def test_a_second_reading_of_the_key_holds() -> None:
    """After the key was read again, the same target is asked again."""
    seen = failed(failed_targets=[FAILED], error_class="UpstreamCredentialsError")
    assert "were asked" not in broken(replace(seen, asked=2), trial(refused(400)))
    assert "were asked" in broken(replace(seen, asked=3), trial(refused(400)))


def test_another_model_in_one_event_is_noticed() -> None:
    """Every event of a stream has the name."""
    chunks = [honest.chunk_object(honest.OTHER_WORDS, model=NAME), honest.chunk_object(finish_reason="stop")]
    content = b"".join(map(honest.event, chunks)) + honest.DONE
    seen = followed(content, headers={"content-type": "text/event-stream"})
    assert "the answer's model is 'openai.gpt-oss-120b-1:0'" in broken(seen, trial(way=Way.STREAM))


def test_another_model_in_a_jobs_result_is_noticed() -> None:
    """The result of a job has the name."""
    answer = {"status_code": 200, "body": json.loads(body(model=CONVERSE_MODEL))}
    result = json.dumps({"response": answer, "error": None})
    sent = Call("SendMessageBatch", {"QueueUrl": "results", "Entries": [{"MessageBody": result}]})
    seen = replace(followed(), calls=[sent])
    none_failed = Answered(b'{"batchItemFailures": []}', [], is_whole=True)
    told = broken(replace(seen, exchange=replace(seen.exchange, answer=none_failed)), trial(way=Way.JOB))
    assert f"the answer's model is '{CONVERSE_MODEL}'" in told
