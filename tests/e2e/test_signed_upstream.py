"""The chat function signs as its role, under the streaming loop, against a stand-in that verifies signatures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.aws.environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from local.aws.guardrail_policy import BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl
from tests.e2e.streaming_runtime import HANDLER, SOURCES, function_env, head_and_body, proxy_event
from tests.runtime_api import RuntimeApiServer, RuntimeProcess, streaming_runtime


class SigningFunction:
    """The deployed function as it would be with `upstream.auth` set to sigv4."""

    def __init__(self, api: RuntimeApiServer, process: RuntimeProcess) -> None:
        self._api, self.process = api, process

    def ask(self, prompt: str, *, stream: bool) -> tuple[dict[str, Any], str]:
        """The answer's status and headers, and its body."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        event = proxy_event(json.dumps(body).encode())
        head, answer = head_and_body(self._api.invoke(event, remaining_s=60).answer())
        return head, answer.decode()


@contextmanager
def signing(stack: LocalStack, **change: str) -> Iterator[SigningFunction]:
    env = {name: value for name, value in function_env(stack).items() if "SECRET_ARN" not in name}
    del env["SECRET_MAX_AGE_S"]
    # The stand-in knows these only.
    env |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    with (
        RuntimeApiServer() as api,
        streaming_runtime(
            api, task_root=SOURCES, handler=HANDLER, env={**env, "UPSTREAM_AUTH": "sigv4", **change}
        ) as process,
    ):
        yield SigningFunction(api, process)


@pytest.fixture(scope="module")
def function(stack: LocalStack) -> Iterator[SigningFunction]:
    with signing(stack, AWS_SESSION_TOKEN="a-made-up-session-token") as function:
        yield function


def test_a_signed_request_is_answered_in_one_piece(
    function: SigningFunction, standin: StandinControl
) -> None:
    head, body = function.ask("one two", stream=False)
    assert head["statusCode"] == 200
    assert json.loads(body)["choices"][0]["message"]["content"] == "echo: one two"
    (seen,) = standin.requests()
    assert seen["headers"]["x-amz-content-sha256"]
    assert seen["headers"]["x-amz-security-token"] == "present"


def test_a_signed_request_is_streamed(function: SigningFunction, standin: StandinControl) -> None:
    head, body = function.ask("one two", stream=True)
    assert head["statusCode"] == 200
    assert head["headers"]["content-type"].startswith("text/event-stream")
    assert body.rstrip().endswith("data: [DONE]")
    assert standin.counters()["generations"] == 1


@pytest.mark.parametrize("stream", [True, False])
def test_the_guardrail_blocks_as_it_does_with_a_key(
    function: SigningFunction, standin: StandinControl, stream: bool
) -> None:
    head, body = function.ask(f"Tell me about {BLOCKED_WORD}.", stream=stream)
    assert head["statusCode"] == 200
    assert "content_filter" in body
    assert standin.counters()["generations"] == 0


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "not-the-secret"}, "the signature is refused"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "the security token is invalid"),
        ({"AWS_REGION": "eu-west-1"}, "the signature is for another region or service"),
    ],
)
def test_refused_role_is_503(
    stack: LocalStack, standin: StandinControl, change: dict[str, str], says: str, stream: bool
) -> None:
    """A refused role is a 503 after one attempt, and the log says why without a secret."""
    with signing(stack, **change) as function:
        head, body = function.ask("one two", stream=stream)
        log = function.process.stdout
    assert (head["statusCode"], json.loads(body)["error"]["code"]) == (503, "upstream_credentials_invalid")
    assert head["headers"]["x-should-retry"] == "false"
    counters = standin.counters()
    assert (counters["requests"], counters["generations"]) == (1, 0)
    (line,) = [json.loads(text) for text in log.splitlines()]
    assert line["reason"].startswith("Bedrock refused the function's role: ")
    assert says in line["reason"]
    assert "secret_arn" not in line
    assert "not-the-secret" not in log
