"""A process of any function that stalls is ended, and the log names its request or job."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_api import RuntimeApiServer, RuntimeProcess, awslambdaric_runtime, streaming_runtime
from tests.unit.chat_gateway.api_calls import event
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import AWS
from tests.unit.chat_gateway.upstream_settings import UPSTREAM
from tests.unit.guardrail_proof.prover_env import ENV as PROVER

FUNCTIONS = Path(__file__).parent / "functions"
_ENV = {**UPSTREAM, **AWS, **PROVER, "CHAT_VERSION": "chat:7", "WORKER_VERSION": "worker:5"}
# Far less than the stall takes, and enough for a busy machine to import boto3.
_WITHIN_S = 60

AT_ONCE = {**VALID, "messages": [{"role": "user", "content": "stall at once"}]}
AUTHORIZATION = {
    "authorizationToken": f"Bearer bcg-{'k' * 43}",
    "methodArn": "arn:aws:execute-api:::api/stage/POST/x",
}
JOB = {
    "messageId": "message-1",
    "receiptHandle": "handle",
    "body": "{}",
    "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
}


@pytest.fixture
def api() -> Iterator[RuntimeApiServer]:
    with RuntimeApiServer() as server:
        yield server


def running(api: RuntimeApiServer, function: str) -> AbstractContextManager[RuntimeProcess]:
    """A running function as on Lambda: the chat function under our loop, the others under Lambda's."""
    runtime = streaming_runtime if function == "api" else awslambdaric_runtime
    return runtime(api, task_root=FUNCTIONS, handler=f"stalls.{function}", env=_ENV)


@pytest.mark.parametrize(
    ("function", "request_", "name"),
    [
        ("api", event(AT_ONCE), "request our-id"),
        ("api", event({**VALID, "model": "stalls", "stream": True}), "request our-id"),
        ("authorizer", AUTHORIZATION, "invocation request-1"),
        ("prover", {}, "invocation request-1"),
        ("before_traffic", {}, "invocation request-1"),
        ("resources", event(method="GET", resource="/v1/models"), "request our-id"),
        ("worker", {"Records": [JOB]}, "job batch_req_message-1"),
    ],
    ids=["request", "stream", "authorizer", "prover", "before_traffic", "resources", "worker"],
)
def test_a_stall_kills_the_process(
    api: RuntimeApiServer, function: str, request_: dict[str, Any], name: str
) -> None:
    """The traceback on stderr names the request, the job or the invocation, and the line that stalls."""
    with running(api, function) as process:
        api.invoke(request_)
        assert process.wait(_WITHIN_S) == -signal.SIGALRM
        assert f" in {name}\n" in process.stderr
        assert " in stall\n" in process.stderr


def test_stalling_jobs_were_logged(api: RuntimeApiServer) -> None:
    """The IDs of a batch's jobs are in the log before the first job is read."""
    with running(api, "worker") as process:
        api.invoke({"Records": [JOB, {**JOB, "messageId": "message-2"}]})
        process.wait(_WITHIN_S)
        logged = [json.loads(line) for line in process.stdout.splitlines()]
    (batch,) = [line for line in logged if line["message"] == "jobs"]
    assert batch["jobs"] == ["batch_req_message-1", "batch_req_message-2"]
    assert (batch["total"], batch["lambda_request_id"]) == (2, "request-1")


@pytest.mark.parametrize("streams", [False, True])
def test_slow_bedrock_kills_nothing(api: RuntimeApiServer, streams: bool) -> None:
    """Waiting for Bedrock is not a stall, even if it takes longer than the watchdog's limit."""
    with running(api, "api"):
        answer = api.invoke(event({**VALID, "stream": streams})).answer(_WITHIN_S)
    assert (b"[DONE]" if streams else b"at last") in answer.body
