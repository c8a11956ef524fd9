"""Which models are listed, what is said of them, and what a client sees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Model as OpenAIModel

from chat_gateway.model_names.settings import Target
from client_keys.policy import UNLIMITED, Policy
from openai_resources.models import context_lengths, listing
from openai_resources.models.listing import Model
from tests.unit.openai_resources.aws_lists import (
    LAUNCH,
    MODELS,
    OSS,
    PROFILES,
    SERVED,
    SONNET,
    model,
    profile,
)

_PROFILE_ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdef123456"
_MODEL_ARN = f"arn:aws:bedrock:us-east-1::foundation-model/{OSS}"


def ids(models: list[Model]) -> list[str]:
    return [model.id for model in models]


def test_what_the_account_can_use() -> None:
    """Listed are models on demand and AWS's profiles, less what writes no text and what no route serves."""
    assert ids(listing.of_account(MODELS, PROFILES, {})) == SERVED


def test_a_route_of_the_environment() -> None:
    """A model for which the environment has a route is listed, although its family is served by none."""
    ours = {"twelvelabs.pegasus-1-2-v1:0": "converse", "us.twelvelabs.pegasus-1-2-v1:0": "converse"}
    assert "us.twelvelabs.pegasus-1-2-v1:0" in ids(listing.of_account(MODELS, PROFILES, ours))


def test_a_retiring_model() -> None:
    """A legacy model stays in the list, with the day on which it ends."""
    sonnet = next(one for one in listing.of_account(MODELS, PROFILES, {}) if one.id == f"us.{SONNET}")
    assert sonnet.document(sonnet.id) == {
        "id": f"us.{SONNET}",
        "object": "model",
        "created": int(LAUNCH.timestamp()),
        "owned_by": "anthropic",
        "context_length": 200_000,
        "shutdown_date": "2026-11-30",
    }


def test_what_is_not_known() -> None:
    """A model of which only the id is known has what OpenAI's SDKs need, and no null."""
    grok = next(one for one in listing.of_account([], [profile("us.xai.grok-4.7", "xai.grok-4.7")], {}))
    assert grok.document(grok.id) == {
        "id": "us.xai.grok-4.7",
        "object": "model",
        "created": 0,
        "owned_by": "xai",
    }


def test_the_models_of_an_environment() -> None:
    """An ARN that has an id is listed by the id, another ARN as it is. What no route serves is left out."""
    listed = [_MODEL_ARN, _PROFILE_ARN, SONNET, "cohere.embed-v4:0"]
    models = listing.of_environment(listed, {})
    assert [(one.id, one.arn, one.owned_by) for one in models] == [
        (OSS, _MODEL_ARN, "openai"),
        (_PROFILE_ARN, None, "amazon-bedrock"),
        (SONNET, None, "anthropic"),
    ]


@pytest.mark.parametrize(
    ("targets", "length"),
    [
        ([OSS], 128_000),
        ([f"us.{SONNET}", OSS], 128_000),
        (["us.xai.grok-4.7", OSS], None),
        ([_PROFILE_ARN], None),
        ([_MODEL_ARN], 128_000),
    ],
)
def test_a_names_context_length(targets: list[str], length: int | None) -> None:
    """A name has the smallest context length of its targets, if all of them are known."""
    (name,) = listing.of_names({"fast": tuple(Target(target) for target in targets)})
    assert (name.context_length, name.owned_by) == (length, "gateway")
    assert ("context_length" in name.document("fast")) is (length is not None)


def test_a_client_sees_a_model_as_it_may_write_it() -> None:
    """A client that may write a model's ARN only sees the ARN."""
    models = listing.of_environment([_MODEL_ARN], {})
    seen = {
        globs: [one["id"] for one in listing.visible(models, Policy(models=globs))]
        for globs in (("openai.*",), ("arn:*",), ("*",), ("x",), ())
    }
    assert seen == {("openai.*",): [OSS], ("arn:*",): [_MODEL_ARN], ("*",): [OSS], ("x",): [], (): []}


def test_a_name_before_an_id() -> None:
    """A name that is also a model's id stands once in the list, as the name."""
    models = [*listing.of_names({OSS: (Target(SONNET),)}), *listing.of_environment([OSS], {})]
    (one,) = listing.visible(models, UNLIMITED)
    assert one["owned_by"] == "gateway"
    assert listing.named(models, OSS) == one


@given(
    st.lists(
        st.builds(
            model,
            st.text(min_size=1, max_size=20) | st.sampled_from(SERVED),
            inference=st.lists(st.text(max_size=9) | st.just("ON_DEMAND"), max_size=3).map(tuple),
            outputs=st.lists(st.text(max_size=9) | st.just("TEXT"), max_size=3).map(tuple),
            lifecycle=st.none()
            | st.fixed_dictionaries({}, optional={"endOfLifeTime": st.datetimes(timezones=st.timezones())}),
        ),
        max_size=5,
    ),
    st.lists(st.builds(profile, st.sampled_from(SERVED), st.sampled_from(SERVED)), max_size=5),
)
def test_whatever_aws_lists(models: Any, profiles: Any) -> None:
    """OpenAI's strict types read every object, and each id is there once."""
    seen = listing.visible(listing.of_account(models, profiles, {}), UNLIMITED)
    for one in seen:
        OpenAIModel.model_validate(one, strict=True)
    assert len({one["id"] for one in seen}) == len(seen)


@given(st.text() | st.sampled_from(SERVED))
def test_any_models_context_length(id_: str) -> None:
    """A context length is a number of tokens, or not known."""
    length = context_lengths.of(id_)
    assert length is None or length >= 100_000
