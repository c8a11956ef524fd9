"""What the stack lets the proof try of an environment's names and regions."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from guardrail_proof.plan import Region
from guardrail_proof.settings import MODEL
from infra.proof import tried
from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import changed

GPT, QWEN = "openai.gpt-oss-20b-1:0", "qwen.qwen3-32b-v1:0"
NOVA, CLAUDE = "amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HERE, WEST, EAST = "eu-central-1", "us-west-2", "us-east-2"
GUARDRAILS = {WEST: {"identifier": "abc", "version": "4"}, EAST: {"identifier": "def", "version": "DRAFT"}}


def target(model: str, region: str | None = None) -> dict[str, Any]:
    return {"model": model, **({} if region is None else {"region": region})}


def named(
    upstream: dict[str, Any] | None = None,
    proof: dict[str, Any] | None = None,
    **names: list[Any],
) -> Environment:
    """An environment in HERE with these names, and a guardrail in each region that they use."""
    used = {one.get("region") for targets in names.values() for one in targets}
    return changed(
        "dev",
        region=HERE,
        models=[{"name": name, "targets": targets} for name, targets in names.items()],
        guardrails={region: guardrail for region, guardrail in GUARDRAILS.items() if region in used},
        upstream=upstream or {},
        proof=proof or {},
    )


def test_without_names_there_is_no_plan() -> None:
    """The proof is as it was."""
    environment = changed("dev")
    assert tried.plan(environment) is None
    assert (tried.model(environment), tried.converse_model(environment)) == (MODEL, None)


def test_each_region_and_route_has_a_model() -> None:
    """It is the first target's there. A target that names the own region is in the own region."""
    environment = named(
        fast=[target(GPT), target(CLAUDE, WEST), target(QWEN, WEST)],
        good=[target(NOVA, HERE), target(GPT, WEST), target(CLAUDE, EAST)],
    )
    plan = tried.plan(environment)
    assert plan is not None
    assert (plan.names, plan.untried) == (("fast", "good"), ())
    assert plan.models == {"native": GPT, "converse": NOVA}
    suffix = cdk.Aws.URL_SUFFIX
    assert plan.regions == (
        Region(
            WEST,
            f"https://bedrock-runtime.{WEST}.{suffix}/openai/v1",
            ("abc", "4"),
            {"converse": CLAUDE, "native": QWEN},
        ),
        Region(
            EAST, f"https://bedrock-runtime.{EAST}.{suffix}/openai/v1", ("def", "DRAFT"), {"converse": CLAUDE}
        ),
    )


def test_a_region_may_have_an_endpoint_of_its_own_and_routes_too() -> None:
    """The environment's URL and routes are the proof's."""
    url = "https://bedrock-runtime-fips.us-west-2.amazonaws.com/openai/v1"
    plan = tried.plan(
        named({"region_urls": {WEST: url}, "routes": {QWEN: "converse"}}, fast=[target(QWEN, WEST)])
    )
    assert plan is not None
    assert plan.regions == (Region(WEST, url, ("abc", "4"), {"converse": QWEN}),)
    assert plan.models == {}


def test_without_a_guardrail_a_region_has_none() -> None:
    """An environment may enforce none."""
    environment = changed(
        "dev",
        region=HERE,
        guardrail={"kind": "none", "callers_may_go_unguarded": True},
        models=[{"name": "fast", "targets": [target(GPT, WEST)]}],
    )
    plan = tried.plan(environment)
    assert plan is not None
    assert [region.guardrail for region in plan.regions] == [None]


def test_of_many_names_one_for_each_set_of_places_is_tried() -> None:
    """The order and the number of targets do not matter. The other names are listed."""
    same: dict[str, Any] = {f"gpt-{number}": [target(GPT)] for number in range(19)}
    plan = tried.plan(
        named(
            **same,
            both=[target(GPT), target(NOVA)],
            turned=[target(NOVA), target(QWEN), target(GPT)],
            there=[target(GPT, WEST)],
        )
    )
    assert plan is not None
    assert plan.names == ("gpt-0", "both", "there")
    assert plan.untried == (*(f"gpt-{number}" for number in range(1, 19)), "turned")


def test_twenty_names_are_all_tried() -> None:
    """There are no names that are not tried."""
    names: dict[str, Any] = {f"gpt-{number}": [target(GPT)] for number in range(20)}
    plan = tried.plan(named(**names))
    assert plan is not None
    assert (len(plan.names), plan.untried) == (20, ())


@pytest.mark.parametrize(
    ("names_only", "proof", "model", "converse_model"),
    [
        (False, {}, MODEL, "claude"),
        (False, {"model": "claude"}, "claude", "claude"),
        (False, {"converse_model": "claude"}, MODEL, "claude"),
        (True, {}, "gpt", "claude"),
        (True, {"model": "claude"}, "claude", "claude"),
        (True, {"model": "qwen", "converse_model": "nova"}, "qwen", "nova"),
    ],
)
def test_the_proof_uses_names_where_it_must(
    names_only: bool, proof: dict[str, Any], model: str, converse_model: str | None
) -> None:
    """By default, the first names whose first target has the route."""
    environment = named(
        {"names_only": names_only},
        proof,
        claude=[target(CLAUDE), target(GPT)],
        gpt=[target(GPT), target(NOVA)],
        qwen=[target(QWEN)],
        nova=[target(NOVA)],
    )
    assert (tried.model(environment), tried.converse_model(environment)) == (model, converse_model)


def test_names_may_all_lead_to_one_route() -> None:
    """Then the proof uses the first name, and tries Converse only if a name leads there."""
    only = {"names_only": True}
    environment = named(only, claude=[target(CLAUDE)], nova=[target(NOVA)])
    assert (tried.model(environment), tried.converse_model(environment)) == ("claude", "claude")
    assert tried.converse_model(named(only, gpt=[target(GPT)])) is None


@pytest.mark.parametrize(
    ("names_only", "proof", "says"),
    [
        (True, {"model": GPT}, "proof.model must be a name of [[models]], since upstream.names_only is true"),
        (True, {"converse_model": NOVA}, "proof.converse_model must be a name of [[models]]"),
        (True, {"converse_model": "gpt"}, "proof.converse_model must be a model of Converse"),
        (False, {"converse_model": "gpt"}, "proof.converse_model must be a model of Converse"),
    ],
)
def test_what_the_gateway_would_refuse_is_refused(names_only: bool, proof: dict[str, Any], says: str) -> None:
    """A proof that cannot pass is no setting."""
    with pytest.raises(InvalidEnvironmentError) as refused:
        named({"names_only": names_only}, proof, gpt=[target(GPT)], claude=[target(CLAUDE)])
    assert says in str(refused.value)
