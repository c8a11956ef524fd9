"""The whole table of guardrail bypasses, for a model of Bedrock's Converse. `make test` has the rows that are Converse's own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from local.stack.local_stack import LocalStack
from tests.e2e import bypass_keys, bypass_requests, bypass_words, raw_http
from tests.e2e.converse_bypasses import as_claude
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.guardrail_bypasses import BLOCKED, Bypass, bypasses
from tests.e2e.standin import StandinControl

EACH_WAY = [as_claude(bypass) for bypass in bypasses()]
ONCE = [
    as_claude(bypass)
    for bypass in (*bypass_keys.bypasses(), *bypass_requests.bypasses(), *bypass_words.bypasses())
]


@pytest.fixture(scope="module", params=["off", "all_text"])
def tagging(request: pytest.FixtureRequest, stack: LocalStack) -> Iterator[str]:
    """Both functions, deployed with one kind of tagging and then the other."""
    with variables_changed(stack, {"GUARDRAIL_TAGGING": request.param}):
        yield request.param


def check(bypass: Bypass, status: int, text: str, standin: StandinControl) -> None:
    """Asserts that the answer is a block or a refusal, and that the model was not asked."""
    assert standin.counters()["generations"] == 0
    if bypass.gets == BLOCKED and status == 200:
        assert '"content_filter"' in text.replace("'", '"')
    else:
        assert 400 <= status < 500, text


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("bypass", EACH_WAY, ids=lambda bypass: bypass.name)
def test_no_bypass_reaches_the_model(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    """Each bypass is a block or a refusal, in one piece and streamed, with each way of tagging."""
    content = bypass.body
    if is_streamed:
        content = content.replace(b'{"model"', b'{"stream": true, "model"', 1)
    headers = [*http.headers.multi_items(), *bypass.headers]
    answer = http.post(bypass.path, content=content, headers=headers)
    check(bypass, answer.status_code, answer.text, standin)


@pytest.mark.parametrize("tagging", ["all_text"], indirect=True)
@pytest.mark.parametrize("bypass", ONCE, ids=lambda bypass: bypass.name)
def test_other_spellings(tagging: str, stack: LocalStack, standin: StandinControl, bypass: Bypass) -> None:
    """Settings, words and tags in another spelling or place fare no better."""
    status, text = raw_http.send(stack, bypass)
    check(bypass, status, text, standin)
