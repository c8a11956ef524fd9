"""The table of guardrail bypasses in the ways that `make test` leaves out, and the whole table for a model of Converse."""

from __future__ import annotations

import httpx
import pytest

from local.aws.guardrail_policy import BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e import bypass_checks, bypass_keys, bypass_requests, bypass_words, converse_bypasses, raw_http
from tests.e2e.bypass_checks import QUICK_WAYS, SLOW_WAYS
from tests.e2e.converse_bypasses import as_claude
from tests.e2e.guardrail_bypasses import BLOCKED, Bypass, bypasses
from tests.e2e.standin import StandinControl

EACH_WAY = list(bypasses())
BY_CONVERSE = [as_claude(bypass) for bypass in EACH_WAY]
# The gateway does not send a prediction to Converse, so that its words reach nobody.
NOT_SENT = "word in a prediction"
ONCE = [
    as_claude(bypass)
    for bypass in (*bypass_keys.bypasses(), *bypass_requests.bypasses(), *bypass_words.bypasses())
    if bypass.name != NOT_SENT
]


@pytest.mark.parametrize(("tagging", "is_streamed"), SLOW_WAYS, indirect=["tagging"], scope="module")
@pytest.mark.parametrize("bypass", EACH_WAY, ids=lambda bypass: bypass.name)
def test_no_bypass_reaches_the_model(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    """Each bypass gets the documented answer."""
    bypass_checks.try_over_http(bypass, http, standin, tagging=tagging, is_streamed=is_streamed)


def check(bypass: Bypass, status: int, text: str, standin: StandinControl) -> None:
    """Asserts that the answer is a block, or a refusal of what Converse does not have, and that the model was not asked."""
    assert standin.counters()["generations"] == 0
    if bypass.gets == BLOCKED and status == 200:
        assert '"content_filter"' in text.replace("'", '"')
    else:
        assert 400 <= status < 500, text


@pytest.mark.parametrize(
    ("tagging", "is_streamed"), [*QUICK_WAYS, *SLOW_WAYS], indirect=["tagging"], scope="module"
)
@pytest.mark.parametrize("bypass", BY_CONVERSE, ids=lambda bypass: bypass.name)
def test_no_bypass_reaches_a_model_of_converse(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    """Each bypass is a block or a refusal, in one piece and streamed, with each way of tagging."""
    answer = bypass_checks.sent(bypass, http, is_streamed=is_streamed)
    check(bypass, answer.status_code, answer.text, standin)


@pytest.mark.parametrize(("tagging", "is_streamed"), SLOW_WAYS, indirect=["tagging"], scope="module")
@pytest.mark.parametrize("bypass", list(converse_bypasses.bypasses()), ids=lambda bypass: bypass.name)
def test_bypasses_of_converse(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    """The bypasses of Converse alone fare no better."""
    answer = bypass_checks.sent(bypass, http, is_streamed=is_streamed)
    check(bypass, answer.status_code, answer.text, standin)


@pytest.mark.parametrize("tagging", ["all_text"], indirect=True)
@pytest.mark.parametrize("bypass", ONCE, ids=lambda bypass: bypass.name)
def test_other_spellings(tagging: str, stack: LocalStack, standin: StandinControl, bypass: Bypass) -> None:
    """Settings, words and tags in another spelling or place fare no better."""
    status, text = raw_http.send(stack, bypass)
    check(bypass, status, text, standin)


def test_prediction_is_not_sent(http: httpx.Client, standin: StandinControl) -> None:
    """The words of a prediction do not reach a model of Converse."""
    (bypass,) = (as_claude(bypass) for bypass in bypass_words.bypasses() if bypass.name == NOT_SENT)
    assert bypass_checks.sent(bypass, http, is_streamed=False).status_code == 200
    assert BLOCKED_WORD not in "".join(request["body_text"] for request in standin.requests())


@pytest.mark.usefixtures("emptied_queues")
def test_as_jobs_of_converse(tagging: str, stack: LocalStack, standin: StandinControl) -> None:
    """As jobs for a model of Converse, they are blocks or refusals, and the model is not asked."""
    outcomes = bypass_checks.as_jobs(stack, [*BY_CONVERSE, *ONCE])
    assert len(outcomes) > 100
    assert standin.counters()["generations"] == 0
