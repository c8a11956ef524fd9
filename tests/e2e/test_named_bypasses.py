"""No bypass of the guardrail works by a model name, whichever target answers, in this region or in another.

Here each bypass takes one of the two routes, in one region; `make chaos` tries each by both, in both regions.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from local.stack.local_stack import LocalStack
from tests.e2e import bypass_checks, converse_bypasses, guardrail_bypasses, named_bypasses
from tests.e2e.guardrail_bypasses import BLOCKED, Bypass
from tests.e2e.named_bypasses import CONVERSE, NATIVE, Answering, Way, by_name
from tests.e2e.named_models import Fresh
from tests.e2e.other_region import OtherRegion

EACH_WAY = list(guardrail_bypasses.bypasses())
# Neighbours in the table are of one kind, so that each kind takes both routes.
BY_CHAT_COMPLETIONS = EACH_WAY[::2]
BY_CONVERSE = [*EACH_WAY[1::2], *list(converse_bypasses.bypasses())[::2]]


def name_of(tried: Bypass | Way) -> str:
    return tried.name


@pytest.fixture(scope="module")
def answering(
    request: pytest.FixtureRequest, stack: LocalStack, running_elsewhere: OtherRegion, fresh: Fresh
) -> Iterator[Answering]:
    with named_bypasses.answering(stack, running_elsewhere, fresh, request.param) as answering:
        yield answering


@pytest.fixture(scope="module")
def caller(stack: LocalStack) -> Iterator[httpx.Client]:
    """Plain HTTP with the client's key, relative to the stage."""
    with named_bypasses.caller(stack) as caller:
        yield caller


@pytest.mark.parametrize("answering", NATIVE[1:], indirect=True, ids=name_of)
@pytest.mark.parametrize("bypass", BY_CHAT_COMPLETIONS, ids=name_of)
def test_no_bypass_by_a_name_reaches_a_model(
    answering: Answering, caller: httpx.Client, bypass: Bypass
) -> None:
    """Each bypass is a block by the guardrail of the target's own region, or a refusal; `make chaos` has the other pairs."""
    named_bypasses.try_over_http(bypass, caller, answering, is_streamed=True)


@pytest.mark.parametrize("answering", CONVERSE[:1], indirect=True, ids=name_of)
@pytest.mark.parametrize("bypass", BY_CONVERSE, ids=name_of)
def test_no_bypass_by_a_name_reaches_a_model_of_converse(
    answering: Answering, caller: httpx.Client, bypass: Bypass
) -> None:
    """If the first target is gone, each bypass ends at Converse, in the same way."""
    named_bypasses.try_over_http(bypass, caller, answering, is_streamed=False)


@pytest.mark.usefixtures("emptied_queues")
@pytest.mark.parametrize("answering", [*NATIVE, *CONVERSE], indirect=True, ids=name_of)
def test_as_jobs_by_a_name(answering: Answering, stack: LocalStack) -> None:
    """As jobs by name, they are blocks or refusals, under the guardrail of the target's own region."""
    answering.forget()
    tried = [by_name(bypass, answering.name) for bypass in EACH_WAY]
    expected = {bypass.name: bypass.gets for bypass in tried if bypass_checks.job(bypass) is not None}
    outcomes = bypass_checks.as_jobs(stack, tried)
    assert outcomes.keys() == expected.keys()
    assert answering.requests()
    if answering.way.is_native:
        assert outcomes == expected
    assert BLOCKED in outcomes.values()


def test_without_the_guardrail_they_would_reach_a_model(
    stack: LocalStack, caller: httpx.Client, running_elsewhere: OtherRegion, fresh: Fresh
) -> None:
    """The same requests reach a model where the stand-ins ignore guardrails, so that this check can fail."""
    asking = next(bypass for bypass in EACH_WAY if bypass.name == "word in a part")
    for way in (*NATIVE, *CONVERSE):
        with named_bypasses.answering(stack, running_elsewhere, fresh, way) as answering:
            answering.ignore_guardrails(ignored=True)
            try:
                answer = bypass_checks.sent(by_name(asking, answering.name), caller, is_streamed=False)
            finally:
                answering.ignore_guardrails(ignored=False)
            assert '"content_filter"' not in answer.text
            with pytest.raises(AssertionError):
                answering.requests()
