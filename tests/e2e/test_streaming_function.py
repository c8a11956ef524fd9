"""The chat function under the streaming loop, as AWS runs it: the real bootstrap and upstream, and a test Runtime API."""

from __future__ import annotations

import base64
import json
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack.local_stack import LocalStack
from tests.e2e import streaming_function
from tests.e2e.standin import StandinControl
from tests.e2e.streaming_function import Function, eventually
from tests.e2e.streaming_runtime import DELIMITER, HANDLER, SOURCES, function_env, head_and_body
from tests.runtime_api import RuntimeApiServer, streaming_runtime


@pytest.fixture(scope="module")
def function(stack: LocalStack) -> Iterator[Function]:
    with streaming_function.running(stack) as function:
        yield function


def error_of(event: bytes) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(event.removeprefix(b"data: "))["error"]
    return error


def test_every_event_arrives_on_its_own_before_bedrock_makes_the_next(
    function: Function, standin: StandinControl
) -> None:
    hold = f"hold-{uuid.uuid4().hex}"
    invocation = function.invoke(standin_fault={"hold": hold}, stream_options={"include_usage": True})
    standin.release(hold)
    prelude = invocation.next_chunk() or b""
    assert prelude.endswith(DELIMITER)
    head = json.loads(prelude.removesuffix(DELIMITER))
    assert head.keys() == {"statusCode", "headers"}
    assert head["statusCode"] == 200
    assert head["headers"]["x-request-id"] == "our-id"
    assert head["headers"]["content-type"] == "text/event-stream; charset=utf-8"
    events = [invocation.next_chunk()]
    while b"[DONE]" not in (events[-1] or b""):
        assert standin.sent(hold) == len(events)  # the next one has not been made
        standin.release(hold)
        events.append(invocation.next_chunk())
    assert len(events) > 5
    assert all(
        (event or b"").startswith(b"data: ") and (event or b"").count(b"\n\n") == 1 for event in events
    )
    assert invocation.answer().trailers == []


def test_an_answer_in_one_piece_goes_the_same_way(function: Function) -> None:
    head, body = head_and_body(function.invoke(stream=False).answer())
    assert (head["statusCode"], head["headers"]["content-type"]) == (200, "application/json")
    assert json.loads(body)["choices"][0]["message"]["content"] == "echo: one two three"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 429}, 429, "rate_limit_exceeded"),
        ({"drop": "before_generating"}, 502, "upstream_connection_error"),
        ({"error_event_first": {"message": "busy", "code": 503}}, 503, None),
        ({"garbage_after_events": 0}, 502, "upstream_invalid_response"),
    ],
)
def test_failure_before_the_first_event_is_a_status(
    function: Function, fault: dict[str, Any], status: int, code: str | None
) -> None:
    """A failure before the first event is an HTTP error status, and no failure of the function."""
    answer = function.invoke(standin_fault=fault).answer()
    head, body = head_and_body(answer)
    error = json.loads(body)["error"]
    assert (head["statusCode"], answer.trailers) == (status, [])
    assert head["headers"]["x-request-id"] == "our-id"
    assert code is None or error["code"] == code


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"cut_after_events": 3}, "upstream_connection_error"),
        ({"garbage_after_events": 3}, "upstream_invalid_response"),
        ({"error_event_after": 3}, "internal_server_error"),
    ],
)
def test_what_fails_after_it_is_a_last_event_and_trailers_for_lambda(
    function: Function, fault: dict[str, Any], code: str
) -> None:
    answer = function.invoke(standin_fault=fault).answer()
    head, body = head_and_body(answer)
    assert head["statusCode"] == 200
    *_, last, end = body.split(b"\n\n")
    assert (error_of(last)["code"], end) == (code, b"")
    assert answer.header("Lambda-Runtime-Function-Error-Type") == code
    document = json.loads(base64.b64decode(answer.header("Lambda-Runtime-Function-Error-Body") or ""))
    assert (document["errorType"], document["errorMessage"]) == (code, code)


def test_silent_stream_ends_before_lambdas_timeout(function: Function) -> None:
    """A stream that never ends gets an error event before Lambda kills the function."""
    began = time.monotonic()
    invocation = function.invoke(remaining_s=3, standin_fault={"silent_after_events": 3, "silent_s": 60})
    answer = invocation.answer()
    assert time.monotonic() - began < 3
    _, body = head_and_body(answer)
    *_, last, _ = body.split(b"\n\n")
    assert error_of(last)["code"] == "gateway_timeout"
    assert answer.header("Lambda-Runtime-Function-Error-Type") == "gateway_timeout"


def test_a_stream_that_never_stops_is_ended_properly_too(function: Function, standin: StandinControl) -> None:
    answer = function.invoke(remaining_s=2, standin_fault={"endless": True}).answer()
    _, body = head_and_body(answer)
    assert error_of(body.rstrip().rpartition(b"\n\n")[2])["code"] == "gateway_timeout"
    assert eventually(lambda: standin.counters()["streams_open"] == 0)


def test_a_refused_connection_is_a_status_and_the_function_goes_on(stack: LocalStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}/openai/v1"
    env = {**function_env(stack), "BEDROCK_BASE_URL": nobody}
    with (
        RuntimeApiServer() as api,
        streaming_runtime(api, task_root=SOURCES, handler=HANDLER, env=env) as process,
    ):
        refused = Function(api, process)
        for _ in range(2):
            head, body = head_and_body(refused.invoke().answer())
            assert (head["statusCode"], json.loads(body)["error"]["code"]) == (
                502,
                "upstream_connection_error",
            )


def test_caller_disconnects(function: Function, standin: StandinControl) -> None:
    """If the caller disconnects, the connection to Bedrock is closed, and the next request is answered."""
    function.invoke(abandon_after=5, standin_fault={"endless": True}).answer()
    assert eventually(lambda: standin.counters()["streams_open"] == 0)
    assert standin.counters()["streams_abandoned"] == 1
    assert eventually(lambda: any(line.get("abandoned") for line in function.log_lines()))
    head, _ = head_and_body(function.invoke().answer())
    assert head["statusCode"] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_long_stream_needs_no_more_memory(
    function: Function,
) -> None:
    """A stream of 100,000 events needs no more memory than a short one."""
    function.invoke(standin_fault={"events": 1000}).answer()
    before_kib, *_ = function.resources()
    answer = function.invoke(remaining_s=60, standin_fault={"events": 100_000}).answer(60)
    after_kib, *_ = function.resources()
    _, body = head_and_body(answer)
    assert body.count(b"data: ") == 100_003  # the role, the end of the choice, [DONE]
    assert after_kib - before_kib < 8192
