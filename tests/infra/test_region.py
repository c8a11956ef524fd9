"""A stack is deployed only to a region that someone chose."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import region
from infra.application import build_app
from infra.settings.problems import InvalidEnvironmentError
from tests.infra.conftest import CONTEXT, changed

CDK = {"CDK_DEFAULT_REGION": "us-east-1"}


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
        build_app({**CONTEXT, "env": "dev"})


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
