"""Another implementation of the protocol runs the same bootstrap: the emulator's Runtime API."""

from __future__ import annotations

import io
import json
import os
import sys
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.stack.local_stack import LocalStack

STREAMING = Path(__file__).parents[2] / "response-streaming" / "src" / "response_streaming"
HANDLER = """
from response_streaming import StreamError, StreamingResponse

def response(status, body):
    return StreamingResponse(status_code=status, headers={"x-kind": "test"}, body=body, hold_s=5)

def events(kind):
    if kind == "refused":
        raise StreamError("refused", response=response(429, iter([b"slow down"])), last_chunk=b"never")
    yield b"data: 1\\n\\n"
    yield b"data: 2\\n\\n"
    if kind == "cut":
        raise StreamError("cut", response=response(500, iter([])), last_chunk=b"data: last\\n\\n")

def handle(event, context):
    if event["kind"] == "ordinary":
        return {"remaining": context.get_remaining_time_in_millis() > 0, "event": event}
    if event["kind"] == "broken":
        raise LookupError("a caller's words")
    return response(200, events(event["kind"]))
"""


def package() -> bytes:
    """A function for the provided.al2023 runtime: the start script is its bootstrap."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o755 << 16
        archive.writestr(bootstrap, (STREAMING / "start").read_bytes())
        archive.writestr("witness.py", HANDLER)
        for path in STREAMING.glob("*.py"):
            archive.write(path, path.relative_to(STREAMING.parent))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def function_name(stack: LocalStack) -> Iterator[str]:
    functions, name = stack.session().client("lambda"), f"witness-{uuid.uuid4().hex[:8]}"
    functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Role="arn:aws:iam::000000000000:role/witness",
        Handler="witness.handle",
        Code={"ZipFile": package()},
        Timeout=20,
        Environment={"Variables": {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    yield name
    functions.delete_function(FunctionName=name)


def invoke(stack: LocalStack, function_name: str, kind: str) -> tuple[bytes, str | None]:
    """The payload as it came, and whether Lambda calls it an error."""
    payload = json.dumps({"kind": kind}).encode()
    answer = stack.session().client("lambda").invoke(FunctionName=function_name, Payload=payload)
    return answer["Payload"].read(), answer.get("FunctionError")


def parts(payload: bytes) -> tuple[dict[str, Any], bytes]:
    # The emulator hands over what is no JSON as a JSON string.
    prelude, delimiter, body = json.loads(payload).encode().partition(bytes(8))
    assert delimiter
    head: dict[str, Any] = json.loads(prelude)
    return head, body


def test_prelude_delimiter_and_events_arrive_in_order(stack: LocalStack, function_name: str) -> None:
    payload, error = invoke(stack, function_name, "stream")
    assert error is None
    assert parts(payload) == ({"statusCode": 200, "headers": {"x-kind": "test"}}, b"data: 1\n\ndata: 2\n\n")


def test_an_error_before_the_head_is_its_own_response(stack: LocalStack, function_name: str) -> None:
    payload, error = invoke(stack, function_name, "refused")
    assert error is None
    assert parts(payload) == ({"statusCode": 429, "headers": {"x-kind": "test"}}, b"slow down")


def test_an_error_after_the_head_is_a_last_chunk(stack: LocalStack, function_name: str) -> None:
    payload, _ = invoke(stack, function_name, "cut")
    assert parts(payload)[1] == b"data: 1\n\ndata: 2\n\ndata: last\n\n"


def test_an_ordinary_result_is_json(stack: LocalStack, function_name: str) -> None:
    payload, error = invoke(stack, function_name, "ordinary")
    assert error is None
    assert json.loads(payload) == {"remaining": True, "event": {"kind": "ordinary"}}


def test_a_handler_that_raises_is_an_error_of_the_function(stack: LocalStack, function_name: str) -> None:
    payload, error = invoke(stack, function_name, "broken")
    assert error
    assert json.loads(payload)["errorType"] == "LookupError"
