"""A stack is deployed only to a region that someone chose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra import region
from infra.application import build_app
from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import CONTEXT, FIRST_FILES, changed

CDK = {"CDK_DEFAULT_REGION": "us-east-1"}
WEST = "us-west-2"
GUARDRAIL = {WEST: {"identifier": "def456", "version": "4"}}


def naming(*regions: str | None, **more: Any) -> Environment:
    """`dev` with a name that has a target in each region; None for the stack's own."""
    targets = [{"model": f"xai.grok-{number}"} for number in range(len(regions))]
    placed = zip(targets, regions, strict=True)
    models = [
        {
            "name": "fast",
            "targets": [{**one, **({"region": where} if where else {})} for one, where in placed],
        }
    ]
    return changed("dev", models=models, **more)


@pytest.fixture(autouse=True)
def no_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty AWS configuration file."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text("")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    return config


def test_the_cdks_fallback_is_no_choice() -> None:
    """If nobody chose a region, the CDK's default us-east-1 is refused in one line."""
    with pytest.raises(InvalidEnvironmentError, match="No AWS region is configured"):
        region.check(changed("dev"), CDK)


def test_no_app_is_built_without_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building the app checks that someone chose a region, before a stack is made."""
    monkeypatch.setenv("CDK_DEFAULT_REGION", "us-east-1")
    with pytest.raises(InvalidEnvironmentError, match="No AWS region is configured"):
        build_app({**CONTEXT, "env": "dev"}, folder=FIRST_FILES)


@pytest.mark.parametrize(
    "env",
    [
        {**CDK, "AWS_REGION": "us-east-1"},
        {**CDK, "AWS_DEFAULT_REGION": "us-east-1"},
        {"CDK_DEFAULT_REGION": "eu-west-1"},
        {},
    ],
)
def test_a_chosen_region_passes(env: dict[str, str]) -> None:
    """A variable or --profile chooses a region; a synthesis without the CDK CLI needs none."""
    region.check(changed("dev"), env)


def test_an_environments_own_region_passes() -> None:
    """An environment may name its region."""
    region.check(changed("dev", region="us-east-1"), CDK)


def test_a_profiles_region_passes(no_profile: Path) -> None:
    """The AWS profile's region is a choice."""
    no_profile.write_text("[default]\nregion = us-east-1\n")
    region.check(changed("dev"), CDK)


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong AWS_PROFILE is reported in one line too."""
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(InvalidEnvironmentError, match="nobodys"):
        region.check(changed("dev"), CDK)


def test_a_target_in_the_stacks_region_is_in_no_other() -> None:
    """The region that the CDK deploys to is the environment's own, whose guardrail needs no entry."""
    environment = region.known(naming("us-east-1", None), CDK)
    assert environment.region == "us-east-1"
    assert environment.other_regions == []
    assert environment.model_names_text == '{"fast":[["xai.grok-0"],["xai.grok-1"]]}'


def test_a_files_region_is_the_stacks() -> None:
    """The environment's own region counts before the CDK's."""
    environment = region.known(
        naming("us-east-1", region=WEST, guardrails={"us-east-1": GUARDRAIL[WEST]}), CDK
    )
    assert (environment.region, environment.other_regions) == (WEST, ["us-east-1"])


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (
            naming(WEST),
            f"environments/dev.toml: models[0].targets[0].region is {WEST}, where no guardrail is set",
        ),
        (
            naming("us-east-1", guardrails={"us-east-1": GUARDRAIL[WEST]}),
            "guardrails.us-east-1 must not be set for",
        ),
    ],
)
def test_what_the_region_decides_is_checked_when_it_is_known(environment: Environment, says: str) -> None:
    """A file that names no region is checked again with the CDK's."""
    with pytest.raises(InvalidEnvironmentError) as caught:
        region.known(environment, CDK)
    assert says in str(caught.value)


def test_no_app_is_built_with_a_region_without_guardrail(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Building the app checks the targets' regions against the stack's."""
    monkeypatch.setenv("CDK_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    text = f'[[models]]\nname = "fast"\ntargets = [{{model = "xai.grok", region = "{WEST}"}}]'
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(
        InvalidEnvironmentError, match=rf"mine.toml: models\[0\].targets\[0\].region is {WEST}"
    ):
        build_app({**CONTEXT, "env": "mine"}, folder=tmp_path)


def test_targets_regions_need_the_stacks() -> None:
    """If nothing says the stack's region, a target's region cannot be told from it, and is refused."""
    with pytest.raises(InvalidEnvironmentError, match="The stack's region is not known"):
        region.known(naming(WEST, guardrails=GUARDRAIL), {})
    assert region.known(naming(None), {}).region is None
