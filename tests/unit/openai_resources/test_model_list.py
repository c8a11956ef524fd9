"""The settings of an environment decide what is listed, and whether AWS is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core.errors import ConfigurationError
from openai_resources.models.model_list import ModelList
from openai_resources.settings import ModelsSettings
from tests.unit.openai_resources.aws_lists import OSS, SONNET

NAMES = f'{{"fast":[["{OSS}"]]}}'


def listed(**settings: object) -> tuple[list[str], bool]:
    """The ids that need no call of AWS, and whether AWS is asked for more."""
    models = ModelList.of(ModelsSettings(**settings))  # type: ignore[arg-type]
    return [model.id for model in models._own], models._account is not None


@pytest.mark.parametrize(
    ("settings", "ids", "asks_aws"),
    [
        ({"account_region": "us-east-1"}, [], True),
        ({"account_region": "us-east-1", "model_names": NAMES}, ["fast"], True),
        ({"model_names": NAMES, "names_only": True}, ["fast"], False),
        ({"model_names": NAMES, "names_only": True, "models": (SONNET, OSS)}, ["fast"], False),
        ({"model_names": NAMES, "names_only": True, "account_region": "us-east-1"}, ["fast"], False),
        ({"model_names": NAMES, "models": (SONNET, OSS)}, ["fast", SONNET, OSS], False),
        ({"models": (SONNET,), "account_region": "us-east-1"}, [SONNET], False),
        (
            {"models": ("cohere.embed-v4:0",), "routes": ("cohere.embed-v4:0=native",)},
            ["cohere.embed-v4:0"],
            False,
        ),
        ({"models": ("cohere.embed-v4:0",)}, [], False),
        ({}, [], False),
    ],
)
def test_what_the_settings_name(settings: dict[str, object], ids: list[str], *, asks_aws: bool) -> None:
    """Names come first. The account's models are listed only if the environment names none."""
    assert listed(**settings) == (ids, asks_aws)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"fast":[]}', '{"fast":[["x.y"]],"fast":[["x.y"]]}', "[" * 100_000]
)
def test_wrong_names(text: str) -> None:
    """The error names the variable."""
    with pytest.raises(ConfigurationError, match="MODEL_NAMES"):
        ModelsSettings.from_env({"MODEL_NAMES": text})


MODELS = st.lists(st.from_regex(r"[a-z0-9.:/-]+", fullmatch=True)).map(tuple)


@given(
    st.builds(
        ModelsSettings,
        models=MODELS,
        routes=MODELS,
        model_names=st.none() | st.just(NAMES),
        names_only=st.booleans(),
        account_region=st.none() | st.from_regex(r"[a-z0-9-]{5,32}", fullmatch=True),
    )
)
def test_settings_are_read_as_they_were_written(settings: ModelsSettings) -> None:
    """The function reads what the stack writes."""
    assert ModelsSettings.from_env(settings.to_env()) == settings
