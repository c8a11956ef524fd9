"""The test of a new key: one free request, repeated until Bedrock knows the key."""

from __future__ import annotations

import json

import httpx
import pytest

from chat_gateway.guardrail.settings import Guardrail, Tagging
from key_rotation.errors import RotationError
from key_rotation.key_test import KeyTest
from tests.unit.key_rotation.rotations import SETTINGS

KEY = "ABSK-hunted-key"
REFUSED = httpx.Response(403, json={"Message": f"Authentication failed: {KEY} is not valid"})
DENIED = "User is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::x"
INVALID = httpx.Response(400, json={"error": {"message": "messages is empty"}})


class Tests:
    """A test whose Bedrock gives the answers in turn, and the last one again and again."""

    __test__ = False

    def __init__(self, *answers: httpx.Response | Exception, guardrail: Guardrail | None = None) -> None:
        self.answers, self.requests, self.now = list(answers), list[httpx.Request](), 0.0
        self.test = KeyTest(
            SETTINGS._replace(guardrail=guardrail),
            transport=httpx.MockTransport(self._answer),
            sleep=self._sleep,
            clock=lambda: self.now,
        )

    def _sleep(self, pause_s: float) -> None:
        self.now += pause_s

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    "answer",
    [
        INVALID,
        httpx.Response(404, json={"error": {"message": "no such model", "code": "model_not_found"}}),
        httpx.Response(200, json={"choices": [{"message": {"content": "x"}}]}),
    ],
)
def test_accepted(answer: httpx.Response) -> None:
    """An answer about the request shows that Bedrock accepted the key."""
    assert Tests(answer).test.run(KEY, ends_at=60) == 1


def test_a_new_key_takes_seconds() -> None:
    """Refusals and passing failures are repeated until the key works."""
    tests = Tests(
        REFUSED,
        httpx.ConnectError("x"),
        httpx.Response(429),
        httpx.Response(503),
        httpx.Response(200, json={"Output": {"__type": "UnknownOperationException"}}),
        INVALID,
    )
    assert tests.test.run(KEY, ends_at=60) == 6


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (REFUSED, "HTTP 403: unknown reason"),
        (httpx.Response(401, json={"message": "Invalid API key"}), "HTTP 401: the API key is not valid"),
        (httpx.Response(403, json={"message": DENIED}), "not authorized bedrock:InvokeModel"),
        (httpx.Response(429), "it answered with HTTP status 429"),
        (httpx.Response(500, text=KEY), "it answered with HTTP status 500"),
        (httpx.Response(302), "UpstreamProtocolError, Bedrock answered with the unexpected HTTP status 302"),
        (httpx.ConnectError(KEY), "UpstreamConnectionError, The connection to Bedrock failed"),
    ],
)
def test_not_accepted(answer: httpx.Response | Exception, says: str) -> None:
    """If the time is over, the error says what Bedrock answered, without the key."""
    tests = Tests(answer)
    with pytest.raises(RotationError) as caught:
        tests.test.run(KEY, ends_at=60)
    assert says in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(tests.requests) == 20
    assert tests.now < 60


def test_the_request() -> None:
    """The request goes to the environment's URL, with the guardrail. It has no message that a model could answer."""
    guardrail = Guardrail(
        identifier="abc", version="7", trace=None, callers_may_override=False, tagging=Tagging.OFF
    )
    tests = Tests(INVALID, guardrail=guardrail)
    tests.test.run(KEY, ends_at=60)
    (request,) = tests.requests
    assert str(request.url) == "https://bedrock.test/openai/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-amzn-bedrock-guardrailidentifier"] == "abc"
    assert request.headers["x-amzn-bedrock-guardrailversion"] == "7"
    body = json.loads(request.content)
    assert body == {"model": SETTINGS.model, "messages": [], "max_completion_tokens": 1}
