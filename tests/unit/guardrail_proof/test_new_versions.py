"""The new versions are tried by each route, whole and streamed, and the worker without a job."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSResponse

from guardrail_proof import new_versions
from guardrail_proof.probes import Probe
from guardrail_proof.settings import NewVersions
from tests.unit.guardrail_proof.invoked_functions import Event, Functions, plain, refused, streamed

VERSIONS = NewVersions(
    stack_id="arn:aws:cloudformation:us-east-1:123456789012:stack/gateway/1",
    chat="arn:aws:lambda:us-east-1:123456789012:function:gateway-api:7",
    worker="arn:aws:lambda:us-east-1:123456789012:function:gateway-worker:5",
    model="m",
    canary="kryptonite",
)
OVER_HTTP = [
    "the canary, in one piece",
    "a harmless prompt, in one piece",
    "the canary, streamed",
    "a harmless prompt, streamed",
]
WORKER = "the worker, without jobs"
BY_CONVERSE = 6


def ending(event: Event, reason: str) -> AWSResponse:
    """A completion with this finish_reason, streamed if the request asks for it."""
    choice = {"choices": [{"delta": {}, "message": {}, "finish_reason": reason}]}
    text = json.dumps(choice)
    if json.loads(base64.b64decode(event["body"]))["stream"]:
        return streamed(b'{"statusCode": 200}' + bytes(8), f"data: {text}\n\n".encode())
    return streamed(json.dumps({"statusCode": 200, "body": text}).encode())


def guarded(event: Event) -> AWSResponse:
    is_canary = b"kryptonite" in base64.b64decode(event["body"])
    return ending(event, "content_filter" if is_canary else "stop")


def tried(functions: Functions, versions: NewVersions = VERSIONS) -> list[Probe]:
    return list(new_versions.tried(versions, functions.session, pause_s=0))


def failed(functions: Functions, versions: NewVersions = VERSIONS) -> list[str]:
    return [probe.name for probe in tried(functions, versions) if probe.says is not None]


def test_guardrail_that_holds() -> None:
    """Every probe passes, and each is asked once."""
    functions = Functions(guarded)
    assert [(probe.name, probe.says) for probe in tried(functions)] == [
        (name, None) for name in [*OVER_HTTP, WORKER]
    ]
    assert len(functions.events) == 5
    assert functions.events[-1] == {"Records": []}


def test_guardrail_that_does_nothing() -> None:
    """An answered canary fails both ways of asking."""
    functions = Functions(lambda event: ending(event, "stop"))
    assert failed(functions) == ["the canary, in one piece", "the canary, streamed"]


def test_guardrail_that_blocks_everything() -> None:
    functions = Functions(lambda event: ending(event, "content_filter"))
    assert failed(functions) == ["a harmless prompt, in one piece", "a harmless prompt, streamed"]


def test_errors_fail() -> None:
    """A function that answers errors has shown nothing: with no Bedrock key yet, for example. It is asked again."""
    body = {"error": {"code": "upstream_credentials_invalid"}}
    functions = Functions(
        lambda event: streamed(json.dumps({"statusCode": 503, "body": json.dumps(body)}).encode())
    )
    assert failed(functions) == OVER_HTTP
    assert len(functions.events) == 4 * 3 + 1


def test_passing_error_is_retried() -> None:
    """Right after a deployment a permission may not be there yet."""
    answers = iter([refused("AccessDeniedException")])
    functions = Functions(lambda event: next(answers, None) or guarded(event))
    assert failed(functions) == []


def test_converse() -> None:
    """With a model of Converse, that route is tried too, also with a tool's result."""
    functions = Functions(guarded)
    found = tried(functions, VERSIONS._replace(converse_model="amazon.nova-lite-v1:0"))
    by_converse = [probe for probe in found if probe.name.endswith(", by Converse")]
    assert (len(by_converse), {probe.says for probe in found}) == (BY_CONVERSE, {None})
    models = [json.loads(base64.b64decode(event["body"]))["model"] for event in functions.events[:-1]]
    assert models.count("amazon.nova-lite-v1:0") == BY_CONVERSE


def test_without_a_guardrail() -> None:
    """An environment without a guardrail is asked harmless prompts only: its new version must answer."""
    functions = Functions(lambda event: ending(event, "stop"))
    versions = VERSIONS._replace(canary=None, converse_model="amazon.nova-lite-v1:0")
    names = [probe.name for probe in tried(functions, versions)]
    assert [name for name in names if "canary" in name] == []
    assert len(names) == 2 + 2 + 1
    assert failed(functions, versions) == []


@pytest.mark.parametrize(
    ("worker", "says"),
    [
        (
            lambda _: plain(b'{"errorMessage": "a secret"}', x_amz_function_error="Unhandled"),
            "failed; its log says why",
        ),
        (lambda _: plain(b"null"), "ended with an answer that is not SQS's"),
        (lambda _: plain(b"<html>"), "ended with an answer that is not SQS's"),
        (lambda _: refused("AccessDeniedException"), "ended with 'error AccessDeniedException'"),
    ],
)
def test_worker_that_does_not_start(worker: Callable[[Event], AWSResponse], says: str) -> None:
    """A worker that cannot read its settings gets no traffic. What it said is not repeated."""
    *_, probe = tried(Functions(guarded, worker))
    assert (probe.name, probe.says, probe.is_error) == (WORKER, says, True)
