"""Answers have the headers by which a browser lets a page read them, only for origins that the environment lists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.core.startup import Startup
from chat_gateway.http_api import settings as http_settings
from chat_gateway.http_api.cors import EXPOSED, Cors
from chat_gateway.http_api.handler import ChatFunction, ChatState
from response_streaming import StreamingResponse
from tests.unit.chat_gateway.api_calls import STREAMING, ChatCalls, completions_for, event, ok
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.chat_gateway.stream_chunks import DONE, FINISH, chunk, words

ONE, OTHER = "https://app.example", "https://other.example"
ALLOWED, EXPOSES = "access-control-allow-origin", "access-control-expose-headers"


def of(*origins: str) -> Cors:
    found = http_settings.cors({"CORS_ORIGINS": ",".join(origins)})
    assert found is not None
    return found


@pytest.mark.parametrize("sent", [{}, {"origin": [ONE]}, {"origin": ["https://evil.example"]}])
def test_a_single_origin_is_always_named(sent: dict[str, list[str]]) -> None:
    """One origin needs no look at the request, and no `vary`."""
    assert of(ONE).headers(sent) == {ALLOWED: ONE, EXPOSES: ", ".join(EXPOSED)}


@pytest.mark.parametrize("origin", [ONE, OTHER])
def test_of_several_the_callers_is_named(origin: str) -> None:
    """A listed origin may read the answer, and caches keep the origins apart."""
    expected = {ALLOWED: origin, EXPOSES: ", ".join(EXPOSED), "vary": "Origin"}
    assert of(ONE, OTHER).headers({"origin": [origin]}) == expected


@given(
    st.lists(st.text() | st.sampled_from(["null", "*", f"{ONE}/", ONE.upper(), f"{ONE}.evil"]), max_size=2)
)
def test_any_other_origin_is_not_named(values: list[str]) -> None:
    """Nothing that the caller sends is repeated unless it is in the list."""
    assert of(ONE, OTHER).headers({"origin": values}) == {"vary": "Origin"}


def test_without_origins_nothing_is_made() -> None:
    """An environment without the setting has no origins to look up."""
    assert http_settings.cors({}) is None


def whole_or_streamed(request: httpx.Request) -> httpx.Response:
    if not json.loads(request.content).get("stream"):
        return ok(request)
    content = words("a") + chunk(choices=[FINISH]) + DONE
    return httpx.Response(200, content=content, headers={"content-type": "text/event-stream"})


def answered(body: object = None, *, method: str = "POST", fails: bool = False) -> StreamingResponse:
    """The answer of a function for pages of ONE."""
    log = StringIO()
    calls = ChatCalls.of(completions_for(whole_or_streamed), log)

    def build() -> ChatState:
        if fails:
            raise ConfigurationError("AWS_REGION is missing.")
        return calls.state

    function = ChatFunction(Startup(build), logger_to(log), cors=of(ONE))
    response = function.handle(event(body, method=method), FakeContext())  # type: ignore[arg-type]
    response.close()
    return response


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (lambda: answered(), 200),
        (lambda: answered(STREAMING), 200),
        (lambda: answered(b"{"), 400),
        (lambda: answered(method="GET"), 405),
        (lambda: answered(fails=True), 500),
    ],
    ids=["whole", "streamed", "refused", "another method", "broken"],
)
def test_every_answer_has_the_headers(response: object, status: int) -> None:
    """Completions, streams and errors may be read by the page."""
    made = response()  # type: ignore[operator]
    assert (made.status_code, made.headers[ALLOWED]) == (status, ONE)
    assert "x-request-id" in made.headers[EXPOSES]


def test_those_without_browsers_import_nothing() -> None:
    """The function loads neither CORS, nor gzip, nor other spellings of paths before a request needs them."""
    code = (
        "import sys, chat_gateway.http_api.handler as handler\n"
        "names = ('cors', 'content_encoding', 'path_spellings')\n"
        "print([n for n in names if f'chat_gateway.http_api.{n}' in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "AWS_REGION": "us-east-1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
