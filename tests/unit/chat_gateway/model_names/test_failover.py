"""A request by a name is answered by the first target that can."""

from __future__ import annotations

import json
import weakref
from functools import partial

import httpx
import pytest

from chat_gateway.completions import retry
from chat_gateway.core.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotAllowedError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamTimeoutError,
)
from chat_gateway.model_names.settings import Target
from tests.unit.chat_gateway.garbage import keeps_error, no_collector
from tests.unit.chat_gateway.model_names.named_calls import (
    CONVERSE,
    FIRST,
    GONE,
    NAME,
    SECOND,
    THROTTLED,
    Bedrock,
    answered,
    attempts,
    create,
    named,
    request,
)

UNSENT = httpx.ConnectError("refused")
LOST = httpx.ReadError("reset")
LATE = httpx.ReadTimeout("no bytes in time")
ONLY_BY_PROFILE = httpx.Response(
    400,
    json={
        "message": f"Invocation of model ID {FIRST} with on-demand throughput isn't supported. Retry with a profile."
    },
)
GONE_ON_CONVERSE = httpx.Response(400, json={"message": "The provided model identifier is invalid."})


@pytest.mark.parametrize(
    "failure",
    [
        THROTTLED,
        GONE,
        GONE_ON_CONVERSE,
        ONLY_BY_PROFILE,
        UNSENT,
        LOST,
        LATE,
        *(httpx.Response(status, json={"message": "busy"}) for status in (408, 424, 500, 502, 503, 504, 529)),
    ],
    ids=lambda failure: str(getattr(failure, "status_code", type(failure).__name__)),
)
@pytest.mark.parametrize("second", [SECOND, CONVERSE])
def test_the_next_target_answers(failure: httpx.Response | Exception, second: str) -> None:
    """A target that is busy, unreachable, slow or gone is asked once, and the next one answers."""
    bedrock = Bedrock({FIRST: [failure]})
    tries = attempts()
    completion = create(named(bedrock, FIRST, second), tries=tries)
    assert bedrock.asked == [FIRST, second]
    assert completion.document["model"] == NAME
    assert json.loads(completion.text)["model"] == NAME
    assert (tries.target_model, tries.count) == (second, 2)


@pytest.mark.parametrize(
    "message",
    [
        "This model version has reached the end of its life.",
        "The provided model identifier is invalid.",
        "Model a.b-1:0 is at its end of life. Use another one.",
    ],
)
def test_words_for_a_model_that_is_gone(message: str) -> None:
    """A 400 whose message begins with these words is about the target."""
    bedrock = Bedrock({FIRST: [httpx.Response(400, json={"message": message})]})
    create(named(bedrock, FIRST, SECOND))
    assert bedrock.asked == [FIRST, SECOND]


@pytest.mark.parametrize(
    "message",
    [
        "Input should be a valid list [input_value='The provided model identifier is invalid.']",
        "1 validation error for the request: 'the model has reached the end of its life'",
        "Malformed input: end of life",
    ],
)
def test_a_prompt_about_a_model_that_is_gone(message: str) -> None:
    """A 400 that repeats a prompt with these words is the request's, and says nothing about the target."""
    bedrock = Bedrock({FIRST: [httpx.Response(400, json={"message": message}), answered(FIRST)]})
    completions = named(bedrock, FIRST, SECOND)
    with pytest.raises(UpstreamError):
        create(completions)
    create(completions)
    assert bedrock.asked == [FIRST, FIRST]


@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_a_refusal_is_final(status: int) -> None:
    """A request that Bedrock refuses is not repeated at another target."""
    refused = httpx.Response(status, json={"message": "no"})
    bedrock = Bedrock({FIRST: [refused]})
    with pytest.raises(GatewayError):
        create(named(bedrock, FIRST, SECOND))
    assert SECOND not in bedrock.asked


def test_the_last_target_is_asked_again() -> None:
    """The last target has the retries that a request by a model's id has."""
    bedrock = Bedrock({FIRST: [THROTTLED], SECOND: [THROTTLED, THROTTLED, answered(SECOND)]})
    create(named(bedrock, FIRST, SECOND))
    assert bedrock.asked == [FIRST, SECOND, SECOND, SECOND]
    unasked = Bedrock({model: [THROTTLED] for model in (FIRST, SECOND, CONVERSE)})
    tries = attempts()
    with pytest.raises(UpstreamError):
        create(named(unasked, FIRST, SECOND, CONVERSE), tries=tries)
    assert unasked.asked == [FIRST, SECOND, *[CONVERSE] * (1 + tries.policy.retries)]


@pytest.mark.parametrize("failure", [LOST, LATE])
def test_one_paid_answer_may_be_lost(failure: Exception) -> None:
    """At most one request that Bedrock may charge for is followed by another, whatever the targets."""
    bedrock = Bedrock({FIRST: [failure], SECOND: [failure]})
    with pytest.raises((UpstreamConnectionError, UpstreamTimeoutError)):
        create(named(bedrock, FIRST, SECOND, CONVERSE))
    assert bedrock.asked == [FIRST, SECOND]


def test_a_repeated_request_is_not_paid_twice() -> None:
    """An SDK's own retry leaves no allowance: a lost answer is final."""
    bedrock = Bedrock({FIRST: [LATE]})
    with pytest.raises(UpstreamTimeoutError):
        create(named(bedrock, FIRST, SECOND), tries=attempts(retry.FOR_REPEATING_CALLERS))
    assert bedrock.asked == [FIRST]


def test_no_target_after_the_deadline() -> None:
    """Without time for another attempt, the first target's error is the caller's."""
    bedrock = Bedrock({FIRST: [THROTTLED]})
    with pytest.raises(UpstreamError):
        create(named(bedrock, FIRST, SECOND), tries=attempts(left_s=0.5))
    assert bedrock.asked == [FIRST]


def test_all_targets_fail() -> None:
    """The caller gets the last error, and the log each target's."""
    bedrock = Bedrock({FIRST: [THROTTLED], SECOND: [httpx.Response(503, json={"message": "busy"})]})
    tries = attempts()
    with pytest.raises(UpstreamError) as caught:
        create(named(bedrock, FIRST, SECOND), tries=tries)
    assert caught.value.status == 503
    assert tries.log_fields is not None
    failed = [(entry["model"], entry["status"]) for entry in tries.log_fields["failed_targets"]]
    assert failed == [(FIRST, 429), (SECOND, 503)]


def test_a_busy_target_before_one_that_is_gone() -> None:
    """If the last target is gone, the caller learns of the one that may answer soon."""
    bedrock = Bedrock({FIRST: [THROTTLED], SECOND: [GONE]})
    with pytest.raises(UpstreamError) as caught:
        create(named(bedrock, FIRST, SECOND))
    assert caught.value.status == 429


def test_a_failed_target_is_left_out() -> None:
    """The next request does not ask the target that has just failed."""
    bedrock = Bedrock({FIRST: [THROTTLED]})
    completions = named(bedrock, FIRST, SECOND)
    create(completions)
    tries = attempts()
    create(completions, tries=tries)
    assert bedrock.asked == [FIRST, SECOND, SECOND]
    assert tries.log_fields is not None
    assert tries.log_fields["failed_targets"] == [{"model": FIRST, "skipped": True}]


def test_a_target_that_was_left_out_before_none() -> None:
    """If every other target is gone, one that was left out is asked after all."""
    bedrock = Bedrock({FIRST: [THROTTLED, answered(FIRST)], SECOND: [answered(SECOND), GONE]})
    completions = named(bedrock, FIRST, SECOND)
    create(completions)
    assert create(completions).document["model"] == NAME
    assert bedrock.asked == [FIRST, SECOND, SECOND, FIRST]


def test_a_target_that_does_not_take_the_request() -> None:
    """A target whose route refuses a parameter is passed over; without another, the caller gets the refusal."""
    with pytest.raises(InvalidRequestError):
        create(named(Bedrock(), CONVERSE), logprobs=True)
    bedrock = Bedrock()
    create(named(bedrock, CONVERSE, FIRST), logprobs=True)
    assert bedrock.asked == [FIRST]


def test_only_the_first_target_takes_the_request() -> None:
    """A target is the last one if those behind it do not take the request: it has the whole time, and retries."""
    bedrock = Bedrock({FIRST: [LATE, THROTTLED, answered(FIRST)]})
    completions = named(bedrock, Target(FIRST, first_byte_s=3), CONVERSE)
    tries = attempts()
    create(completions, tries=tries, logprobs=True)
    assert bedrock.asked == [FIRST, FIRST, FIRST]
    limits = [request.extensions["timeout"]["first_byte"] for request in bedrock.requests]
    assert limits == [3, 100, 100]
    assert tries.log_fields is not None
    assert [entry["model"] for entry in tries.log_fields["failed_targets"]] == [FIRST, CONVERSE]


def test_only_a_left_out_target_takes_the_request() -> None:
    """A target that was left out is asked after all if the others' routes refuse a parameter."""
    bedrock = Bedrock({FIRST: [THROTTLED, answered(FIRST)]})
    completions = named(bedrock, FIRST, CONVERSE)
    create(completions)
    assert create(completions, logprobs=True).document["model"] == NAME
    assert bedrock.asked == [FIRST, CONVERSE, FIRST]


def test_a_request_that_is_prepared_again() -> None:
    """If a request is changed and sent again, the log has the targets of both."""
    refused = httpx.Response(400, json={"message": "no"})
    bedrock = Bedrock({FIRST: [THROTTLED], SECOND: [refused, answered(SECOND)]})
    completions, tries = named(bedrock, FIRST, SECOND), attempts()
    with pytest.raises(UpstreamError):
        create(completions, tries=tries)
    create(completions, tries=tries)
    assert tries.log_fields is not None
    failed = [(entry["model"], entry.get("status")) for entry in tries.log_fields["failed_targets"]]
    assert failed == [(FIRST, 429), (SECOND, 400), (FIRST, None)]


@pytest.mark.parametrize("second", [LOST, THROTTLED, GONE, httpx.Response(400, json={"message": "no"})])
def test_failed_requests_are_not_kept(second: httpx.Response | Exception) -> None:
    """Nothing of the targets' requests, which may be large, waits for the garbage collector."""
    completions = named(Bedrock({FIRST: [LATE], SECOND: [second]}), FIRST, SECOND)
    assert not keeps_error(lambda: create(completions))


def test_a_refused_request_is_not_kept() -> None:
    """Nor does anything of a request that a target, or every target, does not take."""
    with no_collector():
        made = named(Bedrock(), CONVERSE, FIRST).prepared(request(logprobs=True), caller_headers={})
        reference = weakref.ref(made)
        del made
        assert reference() is None
    assert not keeps_error(lambda: create(named(Bedrock(), CONVERSE, CONVERSE), logprobs=True))


def test_a_request_that_another_target_refuses() -> None:
    """A target's refusal of the request is the caller's error, although an earlier one may pass."""
    refused = httpx.Response(400, json={"message": "no"})
    with pytest.raises(UpstreamError) as caught:
        create(named(Bedrock({FIRST: [THROTTLED], SECOND: [refused]}), FIRST, SECOND))
    assert caught.value.status == 400


def test_every_target_must_be_allowed() -> None:
    """A name with a target that `upstream.models` does not list is refused before anything is sent."""
    bedrock = Bedrock()
    arn = f"arn:aws:bedrock:eu-central-1::foundation-model/{SECOND}"
    with pytest.raises(ModelNotAllowedError):
        create(named(bedrock, FIRST, SECOND, allowed=[FIRST]))
    assert not bedrock.asked
    create(named(bedrock, FIRST, SECOND, allowed=[FIRST, arn]))


def test_names_only() -> None:
    """Where the environment takes names only, a model's id is refused; elsewhere it is asked as ever."""
    bedrock = Bedrock()
    with pytest.raises(ModelNotAllowedError, match="its own model names only"):
        create(named(bedrock, FIRST, names_only=True), FIRST)
    assert not bedrock.asked
    assert create(named(bedrock, SECOND), FIRST).document["model"] == FIRST


def test_weights() -> None:
    """The target that is asked first is drawn by weight; the others follow in order."""
    targets = [Target(FIRST, weight=95), Target(SECOND, weight=5)]
    for drawn, first in [(0.0, FIRST), (0.94, FIRST), (0.95, SECOND), (0.999, SECOND)]:
        bedrock = Bedrock({first: [THROTTLED]})
        create(named(bedrock, *targets, random=partial(float, drawn)))
        assert bedrock.asked == [first, SECOND if first == FIRST else FIRST]
