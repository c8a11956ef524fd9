"""Shows the guardrail policy of an environment, so that it can be tried elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import show_guardrail_policy
from infra.settings import guardrail_policy as settings
from infra.settings.problems import InvalidEnvironmentError
from local.aws import guardrail_policy
from local.machine.failures import SettingError


def test_the_policy_of_its_own_file(tmp_path: Path) -> None:
    """The policy has CreateGuardrail's form, also if it is in a separate file."""
    (tmp_path / "team.toml").write_text('[guardrail]\npolicy_file = "team.json"')
    (tmp_path / "team.json").write_text('{"blockedInputMessaging": "No.", "blockedOutputsMessaging": "No."}')
    expected = {"blockedInputMessaging": "No.", "blockedOutputsMessaging": "No."}
    assert show_guardrail_policy.policy("team", tmp_path) == expected


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('[guardrail]\nkind = "existing"\nidentifier = "abc"\nversion = "1"', 'guardrail.kind is "existing"'),
        ('[guardrail]\nkind = "none"\ncallers_may_go_unguarded = true', 'guardrail.kind is "none"'),
        ("guardrail = 5", "guardrail"),
    ],
)
def test_no_policy_in_the_settings(settings: str, why: str, tmp_path: Path) -> None:
    """The error names the file and the reason."""
    (tmp_path / "team.toml").write_text(settings)
    with pytest.raises(InvalidEnvironmentError, match=r"team\.toml") as caught:
        show_guardrail_policy.policy("team", tmp_path)
    assert why in str(caught.value)


def test_the_local_stack_reads_it() -> None:
    """The local stack reads the whole policy of the named environment."""
    assert guardrail_policy.of_environment("dev").document == settings.default()


@pytest.mark.parametrize("name", ["nowhere", "local", "../dev", ""])
def test_an_environment_without_a_policy(name: str) -> None:
    """The local stack stops with one line that names the environment."""
    with pytest.raises(SettingError) as caught:
        guardrail_policy.of_environment(name)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)
