"""The bypasses of the guardrail by model names in the ways that `make test` leaves out, and in other spellings."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from local.stack.local_stack import LocalStack
from tests.chaos.test_guardrail_bypasses import NOT_SENT
from tests.e2e import (
    bypass_keys,
    bypass_requests,
    bypass_words,
    converse_bypasses,
    guardrail_bypasses,
    named_bypasses,
    named_models,
    raw_http,
)
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.guardrail_bypasses import Bypass
from tests.e2e.named_bypasses import CONVERSE, NATIVE, Answering, Way, by_name
from tests.e2e.named_models import Fresh
from tests.e2e.other_region import OtherRegion

EACH_WAY = list(guardrail_bypasses.bypasses())
ONCE = [
    bypass
    for bypass in (*bypass_keys.bypasses(), *bypass_requests.bypasses(), *bypass_words.bypasses())
    if bypass.name != NOT_SENT
]


def name_of(tried: Bypass | Way) -> str:
    return tried.name


@pytest.fixture(scope="module", params=["off", "all_text"])
def tagged(
    request: pytest.FixtureRequest, stack: LocalStack, running_elsewhere: OtherRegion
) -> Iterator[Fresh]:
    """Both functions with model names, and with one kind of tagging and then the other."""
    with (
        named_models.deployed(stack, running_elsewhere) as fresh,
        variables_changed(stack, {"GUARDRAIL_TAGGING": request.param}),
    ):
        yield fresh


@pytest.fixture(scope="module")
def answering(
    request: pytest.FixtureRequest, stack: LocalStack, running_elsewhere: OtherRegion, tagged: Fresh
) -> Iterator[Answering]:
    with named_bypasses.answering(stack, running_elsewhere, tagged, request.param) as answering:
        yield answering


@pytest.fixture(scope="module")
def caller(stack: LocalStack) -> Iterator[httpx.Client]:
    with named_bypasses.caller(stack) as caller:
        yield caller


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("answering", NATIVE, indirect=True, ids=name_of)
@pytest.mark.parametrize("bypass", EACH_WAY, ids=name_of)
def test_no_bypass_by_a_name_reaches_a_model(
    answering: Answering, caller: httpx.Client, bypass: Bypass, is_streamed: bool
) -> None:
    """Each bypass is a block or a refusal, in one piece and streamed, with each way of tagging."""
    named_bypasses.try_over_http(bypass, caller, answering, is_streamed=is_streamed)


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("answering", CONVERSE, indirect=True, ids=name_of)
@pytest.mark.parametrize("bypass", [*EACH_WAY, *converse_bypasses.bypasses()], ids=name_of)
def test_no_bypass_by_a_name_reaches_a_model_of_converse(
    answering: Answering, caller: httpx.Client, bypass: Bypass, is_streamed: bool
) -> None:
    """The same if the first target is gone."""
    named_bypasses.try_over_http(bypass, caller, answering, is_streamed=is_streamed)


@pytest.mark.parametrize("tagged", ["all_text"], indirect=True)
@pytest.mark.parametrize("answering", [*NATIVE, *CONVERSE], indirect=True, ids=name_of)
@pytest.mark.parametrize("bypass", ONCE, ids=name_of)
def test_other_spellings(answering: Answering, stack: LocalStack, bypass: Bypass) -> None:
    """Settings, words and tags in another spelling or place fare no better."""
    answering.forget()
    status, text = raw_http.send(stack, by_name(bypass, answering.name))
    named_bypasses.check(bypass, status, text, answering)
