"""Log lines in words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.trace import events, meanings, sentences, sums, views
from gateway_cli.trace.events import ACCESS, AUTHORIZER, BATCH, CHAT, RECORD, STEPS, WORKER, Event
from tests import documents
from tests.unit.gateway_cli.trace.log_lines import completion, job, step

ID = "batch_req_k"
KILLED = {"type": "platform.report", "record": {"requestId": "l1", "status": "timeout"}}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    *(
        "message",
        "type",
        "record",
        "status",
        "error_code",
        "error_class",
        "latency_ms",
        "reason",
        "attempts",
        "total",
    ),
    *(
        "jobs",
        "events",
        "retried",
        "dead_letter",
        "not_run",
        "batch_status",
        "status_before",
        "lines",
        "sent_lines",
    ),
    *("guardrail_findings", "reached", "state", "completed", "failed", *sentences._DETAILS),
]
LINES = st.dictionaries(st.sampled_from(FIELDS), VALUES | st.sampled_from(list(sentences._BY_MESSAGE)))


def said(where: str, line: dict[str, Any]) -> str:
    return sentences.of(Event(0, where, line))


@pytest.mark.parametrize(
    ("where", "line", "expected"),
    [
        (
            ACCESS,
            {"status": "200", "method": "POST", "resource": "/v1/chat/completions", "latency_ms": "430"},
            "API Gateway answered 200 to POST /v1/chat/completions in 430 ms",
        ),
        (
            AUTHORIZER,
            {"message": "client authentication", "client": "team", "allowed": True},
            "the client team may call",
        ),
        (
            AUTHORIZER,
            {"message": "client authentication", "client": "team", "allowed": False, "suspended": True},
            "refused the key: suspended",
        ),
        (
            AUTHORIZER,
            {"message": "client authentication", "client": None, "allowed": False},
            "refused the key: unknown, wrong or revoked",
        ),
        (
            AUTHORIZER,
            {"message": "client authentication", "allowed": False, "reason": "the signature is wrong"},
            "refused the token: the signature is wrong",
        ),
        (
            CHAT,
            completion(
                "r", prompt_tokens=23, completion_tokens=169, cost_usd=0.000041, guardrail_action="NONE"
            ),
            (
                "answered 200 in 412 ms; client team; model openai.gpt-oss-20b-1:0; guardrail gr1:2: NONE; "
                "1 attempt at Bedrock; 23 + 169 tokens; $0.000041"
            ),
        ),
        (
            CHAT,
            completion(
                "r",
                events=12,
                time_to_first_token_ms=90,
                abandoned=True,
                target_model="m2",
                target_region="eu",
            ),
            (
                "streamed 200 in 412 ms; client team; model openai.gpt-oss-20b-1:0 (answered by m2 in eu); guardrail gr1:2; "
                "1 attempt at Bedrock; first token after 90 ms; the caller left"
            ),
        ),
        (
            CHAT,
            {
                "message": "chat completion",
                "status": 502,
                "error_code": "upstream_connection_error",
                "reason": "reset",
            },
            "error 502 upstream_connection_error; reason: reset; this means: the connection to Bedrock broke; try again",
        ),
        (
            CHAT,
            {"message": "chat completion", "status": 200, "events": 3, "error_code": "gateway_timeout"},
            (
                "the stream broke: error 200 gateway_timeout; this means: Bedrock did not answer in time: stream, or ask "
                "for fewer tokens"
            ),
        ),
        (
            CHAT,
            {
                "message": "guardrail intervention",
                "guardrail": "gr1:2",
                "guardrail_action": "INTERVENED",
                "guardrail_findings": ["a", "b"],
            },
            "the guardrail gr1:2 intervened (INTERVENED): 2 findings",
        ),
        (
            WORKER,
            {"message": "jobs", "jobs": [ID], "total": 3},
            "SQS delivered 3 jobs to the worker, and this one among them",
        ),
        (
            WORKER,
            {"message": "jobs", "jobs": [ID], "total": 1},
            "SQS delivered 1 job to the worker, and this one among them",
        ),
        (WORKER, job(ID, held_elsewhere=True, retried=True), "attempt 1: another worker has the job"),
        (WORKER, job(ID, not_run="batch has ended"), "attempt 1: not run (batch has ended)"),
        (
            WORKER,
            job(ID, answered_before=True),
            "attempt 1: was answered before; the stored answer is sent again",
        ),
        (
            WORKER,
            job(ID, status=500, error_class="UpstreamError", retried=True, retry_in_s=4),
            "attempt 1: error 500 UpstreamError in 90 ms; tried again in 4 s",
        ),
        (
            WORKER,
            job(ID, status=500, error_class="UpstreamError", dead_letter=True),
            "attempt 1: error 500 UpstreamError in 90 ms; the job is a dead letter: chat-gateway jobs dead-letters list",
        ),
        (
            WORKER,
            job(ID, status=500, error_class="UpstreamError", given_up=True, batch="batch_1", line=7),
            "attempt 1: error 500 UpstreamError in 90 ms; the line is in the error file; batch batch_1 line 7",
        ),
        (
            STEPS,
            step("batch_1", next_step_in_s=60),
            "step validating → in_progress in 30 ms; 0 of 3 lines sent; next step in 60 s",
        ),
        (STEPS, {"message": "batch step", "held_elsewhere": True}, "another step has the batch"),
        (STEPS, {"message": "batch step", "missing": True}, "there is no such batch"),
        (
            STEPS,
            {
                "message": "batch step",
                "status_before": "validating",
                "latency_ms": 1,
                "aws_error": "Query: Throttled",
                "fault_class": "ClientError",
            },
            "step validating in 1 ms; Query: Throttled; fault: ClientError",
        ),
        (CHAT, KILLED, "Lambda: report timeout"),
        (CHAT, {"level": "WARNING", "message": "last use not noted"}, "WARNING last use not noted"),
        (CHAT, {}, "a line of another form"),
        (
            RECORD,
            {"state": "answered", "attempts": "2", "answer_key": "results/k"},
            "the job is answered in S3, after 2 attempts",
        ),
        (RECORD, {"state": "dead letter", "attempts": "1"}, "the job is a dead letter"),
        (BATCH, {"reached": "finalizing"}, "the batch became finalizing"),
        (
            BATCH,
            {"status": "completed", "lines": 3, "completed": 2, "failed": 1},
            "the batch is completed: 2 of 3 lines answered, 1 failed",
        ),
    ],
)
def test_each_kind_of_line_has_a_sentence(where: str, line: dict[str, Any], expected: str) -> None:
    """The sentence has the outcome first, then what was used, then what an error means."""
    assert said(where, line) == expected


@given(st.sampled_from([ACCESS, CHAT, WORKER, RECORD, BATCH]), LINES)
def test_any_line_is_one_printable_line(where: str, line: dict[str, Any]) -> None:
    """Whatever a log holds, it becomes one line without control characters, and sums do not fail."""
    event = Event(0, where, line)
    assert views.line(event).isprintable()
    assert isinstance(sums.of([event]), str)


@given(st.text() | LINES.map(json.dumps))
def test_any_message_can_be_read(message: str) -> None:
    """Lines of another form are left out; those that are read can be searched."""
    for line in events.read(message):
        assert isinstance(events.is_about(line, "some-id"), bool)
        found = events.ordered([Event(0, where, line) for where in (ACCESS, CHAT)])
        ids_of = (events.request_ids, events.authorizer_ids, events.unended_invocations)
        assert all(isinstance(id_, str) for ids in ids_of for id_ in ids(found))


def test_deep_json_is_left_out() -> None:
    """A line that Python cannot read is no line of ours."""
    assert list(events.read('{"a":' * 100_000)) == []


def test_every_documented_code_has_a_meaning() -> None:
    """Each code of docs/errors.md, and of dead letters in docs/jobs.md, has a meaning; no other code has."""
    rows = [codes for _, codes, _ in documents.errors()]
    rows += [row[0] for row in documents.table("docs/jobs.md", "| `last_error_code` | |")]
    of_lines = {"batch_expired", "input_file_missing"}
    coded = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)} - {
        "id",
        "input_file_id",
        "param",
    }
    assert coded | of_lines == set(meanings.MEANINGS)


def test_a_code_of_bedrock_has_no_meaning() -> None:
    """Bedrock's own codes are shown as they are."""
    assert meanings.of("throttling_exception") is None
    assert meanings.of(["x"]) is None


def test_sums() -> None:
    """Requests, attempts, errors, tokens, time and cost of all lines are summed; other lines are not counted."""
    found = [
        Event(0, CHAT, completion("r", prompt_tokens=1_000, completion_tokens=169, cost_usd=0.5)),
        Event(1, CHAT, completion("r", error_code="x")),
        Event(2, CHAT, {"message": "guardrail intervention", "latency_ms": 9}),
        Event(3, WORKER, job("r", cost_usd=0.25)),
    ]
    assert sums.of(found) == (
        "requests 2, errors 1, prompt tokens 1,000, completion tokens 169, ms in functions 914, job attempts 1, cost $0.75"
    )
    assert sums.of([]) == ""


def test_a_killed_function_is_noticed() -> None:
    """An invocation without a last line is one that ended in another way."""
    begun = Event(0, ACCESS, {"lambda_request_id": "l1", "authorizer_request_id": "a1"})
    assert events.unended_invocations([begun]) == ["l1"]
    assert events.unended_invocations([begun, Event(1, CHAT, completion("r", lambda_request_id="l1"))]) == []
    assert events.authorizer_ids([begun, Event(1, ACCESS, {"authorizer_request_id": "-"})]) == ["a1"]


def test_events_are_in_the_order_of_time() -> None:
    """Each event comes once, and what has no time comes last."""
    late, early, now = Event(2, CHAT, {"b": 1}), Event(1, WORKER, {"a": 1}), Event(None, RECORD, {})
    assert events.ordered([now, late, early, late]) == [early, late, now]


def test_lines_of_the_same_time_are_ordered_by_their_own() -> None:
    """CloudWatch may give several lines one time. The access log, whose lines have no time, comes last."""
    second, first, access = (
        Event(1, CHAT, {"timestamp": "2026-11-27 20:17:14,805+0000"}),
        Event(1, WORKER, {"timestamp": "2026-11-27 20:17:14,804+0000"}),
        Event(1, ACCESS, {}),
    )
    assert events.ordered([access, second, first]) == [first, second, access]
