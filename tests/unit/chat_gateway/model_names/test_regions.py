"""A target in another region is asked there, under the guardrail there."""

from __future__ import annotations

import json

import httpx
import pytest

from chat_gateway.core.errors import (
    ConfigurationError,
    GuardrailOverrideError,
    UpstreamCredentialsError,
    UpstreamError,
)
from chat_gateway.guardrail.overrides import IDENTIFIER_HEADER, VERSION_HEADER
from chat_gateway.model_names.settings import Region, Target
from tests.unit.chat_gateway.model_names.named_calls import (
    CONVERSE,
    FIRST,
    GUARDRAIL,
    SECOND,
    THROTTLED,
    Bedrock,
    attempts,
    create,
    named,
    request,
)

AWAY = {"us-west-2": Region(guardrail=("away", "7"))}


def guardrail_of(sent: httpx.Request) -> tuple[str, str]:
    if "/model/" in sent.url.path:
        config = json.loads(sent.content)["guardrailConfig"]
        return config["guardrailIdentifier"], config["guardrailVersion"]
    return sent.headers[IDENTIFIER_HEADER], sent.headers[VERSION_HEADER]


@pytest.mark.parametrize("model", [SECOND, CONVERSE])
def test_endpoint_and_guardrail(model: str) -> None:
    """Each attempt goes to its target's region with that region's guardrail, and the log says which."""
    bedrock = Bedrock({FIRST: [THROTTLED]})
    tries = attempts()
    create(named(bedrock, FIRST, Target(model, "us-west-2"), regions=AWAY, guardrail=GUARDRAIL), tries=tries)
    hosts = [sent.url.host for sent in bedrock.requests]
    assert hosts == ["bedrock.test", "bedrock-runtime.us-west-2.amazonaws.com"]
    assert [guardrail_of(sent) for sent in bedrock.requests] == [("home", "1"), ("away", "7")]
    assert tries.log_fields is not None
    assert (tries.log_fields["target_region"], tries.log_fields["guardrail"]) == ("us-west-2", "away:7")


def test_the_functions_own_region() -> None:
    """A target in the function's own region is asked at the environment's endpoint, under its guardrail."""
    bedrock = Bedrock()
    create(named(bedrock, Target(FIRST, "eu-central-1"), guardrail=GUARDRAIL))
    assert bedrock.requests[0].url.host == "bedrock.test"
    assert guardrail_of(bedrock.requests[0]) == ("home", "1")


def test_an_endpoint_of_the_environment() -> None:
    """The environment's own URL of a region replaces AWS's."""
    bedrock = Bedrock()
    regions = {"us-west-2": Region(url="https://vpce-1.example/openai/v1")}
    create(named(bedrock, Target(FIRST, "us-west-2"), regions=regions))
    assert str(bedrock.requests[0].url) == "https://vpce-1.example/openai/v1/chat/completions"


@pytest.mark.parametrize("regions", [None, {"us-west-2": Region()}, {"us-east-1": Region(("away", "7"))}])
def test_no_guardrail_there(regions: dict[str, Region] | None) -> None:
    """Where the environment enforces a guardrail, a region without one is a wrong setting: nothing is answered."""
    with pytest.raises(ConfigurationError, match="no guardrail for us-west-2"):
        named(Bedrock(), Target(FIRST, "us-west-2"), regions=regions, guardrail=GUARDRAIL)


@pytest.mark.parametrize("model", [SECOND, CONVERSE])
def test_repeated_headers(model: str) -> None:
    """A caller may repeat the environment's guardrail for a target elsewhere; that region's guardrail applies."""
    bedrock = Bedrock()
    completions = named(bedrock, Target(model, "us-west-2"), regions=AWAY, guardrail=GUARDRAIL)
    headers = {IDENTIFIER_HEADER: ["home"], VERSION_HEADER: ["1"]}
    completions.create(completions.prepared(request(), caller_headers=headers), attempts())
    assert guardrail_of(bedrock.requests[0]) == ("away", "7")


@pytest.mark.parametrize("model", [SECOND, CONVERSE])
@pytest.mark.parametrize(
    "headers", [{IDENTIFIER_HEADER: ["other"]}, {IDENTIFIER_HEADER: ["away"]}, {VERSION_HEADER: ["9"]}]
)
def test_other_headers(model: str, headers: dict[str, list[str]]) -> None:
    """A caller's own guardrail is refused for a target elsewhere, too."""
    bedrock = Bedrock()
    completions = named(bedrock, Target(model, "us-west-2"), regions=AWAY, guardrail=GUARDRAIL)
    with pytest.raises(GuardrailOverrideError):
        completions.prepared(request(), caller_headers=headers)
    assert not bedrock.requests


@pytest.mark.parametrize("trace", [None, "DISABLED"])
def test_a_guardrail_of_the_callers_own(trace: str | None) -> None:
    """Where callers may override the guardrail, one that a caller names is sent whole, and never half of it."""
    guardrail = GUARDRAIL._replace(callers_may_override=True, trace=trace)
    bedrock = Bedrock()
    completions = named(bedrock, Target(FIRST, "us-west-2"), regions=AWAY, guardrail=guardrail)
    for own in (("home", "9"), ("home", "1")):
        headers = {IDENTIFIER_HEADER: [own[0]], VERSION_HEADER: [own[1]]}
        completions.create(completions.prepared(request(), caller_headers=headers), attempts())
    assert [guardrail_of(sent) for sent in bedrock.requests] == [("home", "9"), ("away", "7")]


REFUSED = httpx.Response(403, json={"Message": "Bearer Token has expired"})
UNRECOGNIZED = httpx.Response(400, headers={"x-amzn-errortype": "UnrecognizedClientException"}, json={})


@pytest.mark.parametrize(
    ("model", "refused"), [(SECOND, REFUSED), (CONVERSE, REFUSED), (CONVERSE, UNRECOGNIZED)]
)
def test_a_region_that_refuses_the_key(model: str, refused: httpx.Response) -> None:
    """A key that another region refuses, as one that is bound to its region, is that target's failure."""
    bedrock = Bedrock({model: [refused]})
    targets = (Target(model, "us-west-2"), Target(FIRST))
    create(named(bedrock, *targets, regions=AWAY, guardrail=GUARDRAIL))
    assert bedrock.asked == [model, FIRST]


def test_a_refused_key_after_a_busy_target() -> None:
    """The caller learns of the target that may answer soon, and the log of both."""
    bedrock = Bedrock({FIRST: [THROTTLED], SECOND: [REFUSED]})
    with pytest.raises(UpstreamError) as caught:
        create(named(bedrock, FIRST, Target(SECOND, "us-west-2"), regions=AWAY, guardrail=GUARDRAIL))
    assert caught.value.status == 429


def test_only_the_regions_jobs_wait() -> None:
    """The error says which region refused the key, so that other models' jobs go on."""
    bedrock = Bedrock({SECOND: [REFUSED]})
    with pytest.raises(UpstreamCredentialsError) as caught:
        create(named(bedrock, Target(SECOND, "us-west-2"), regions=AWAY, guardrail=GUARDRAIL))
    assert caught.value.region == "us-west-2"


def test_the_own_region_refuses_the_key() -> None:
    """A key that the environment's own region refuses is refused everywhere: no other target is asked."""
    bedrock = Bedrock({FIRST: [REFUSED]})
    with pytest.raises(UpstreamCredentialsError) as caught:
        create(named(bedrock, FIRST, SECOND))
    assert (caught.value.region, bedrock.asked) == (None, [FIRST])


def test_the_log_of_a_region_that_refuses_the_key() -> None:
    """A failed target's entry has the region and, in the gateway's own words, why the key was refused."""
    tries = attempts()
    targets = (Target(SECOND, "us-west-2"), Target(FIRST))
    create(named(Bedrock({SECOND: [REFUSED]}), *targets, regions=AWAY, guardrail=GUARDRAIL), tries=tries)
    assert tries.log_fields is not None
    (failed,) = tries.log_fields["failed_targets"]
    assert (failed["region"], failed["error_code"]) == ("us-west-2", "upstream_credentials_invalid")
    assert failed["reason"].endswith("the key has expired")
