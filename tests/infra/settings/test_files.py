"""A settings file is read together with its policy file; a file that cannot be read is reported in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.platform import Platform
from infra.settings import files, guardrail_policy
from infra.settings.guardrail import OwnGuardrail
from infra.settings.problems import InvalidEnvironmentError

FIRST_FILES = Path(__file__).parent / "first_files"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (folder, name)
        for folder in (files.FOLDER, FIRST_FILES)
        for name in files.names(FIRST_FILES)
        if name in files.names(folder)  # an operator may have deleted one of today's
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_the_first_files_still_load(folder: Path, name: str) -> None:
    """Every version accepts the settings files that the first version accepted."""
    document = files.read(name, folder)
    assert files.checked(name, document, platform=Platform(), folder=folder).name == name


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[jobs", "not valid TOML"),
        (b"a = 1\na = 2", "not valid TOML"),
        (b'region = "\xff"', "not valid TOML"),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
    ],
)
def test_what_is_not_toml_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(InvalidEnvironmentError, match=rf"mine\.toml: .*{says}"):
        files.read("mine", tmp_path)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(InvalidEnvironmentError, match="cannot be read"):
        files.read("mine", tmp_path)


def test_a_policy_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    """`policy_file` holds CreateGuardrail's input, in the form of the AWS command line."""
    policy = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    (tmp_path / "mine.toml").write_text('[guardrail]\npolicy_file = "policy.json"')
    environment = files.checked("mine", files.read("mine", tmp_path), platform=Platform())
    assert isinstance(environment.guardrail, OwnGuardrail)
    assert environment.guardrail.policy == policy


@pytest.mark.parametrize(
    ("toml", "content", "says"),
    [
        ('policy_file = "missing.json"', "", "policy_file cannot be read"),
        ('policy_file = "policy.json"', "{", "policy_file is not valid JSON"),
        ('policy_file = "policy.json"', "[" * 100_000, "policy_file is not valid JSON"),
        ('policy_file = "policy.json"\npolicy = {}', "{}", "policy and policy_file; remove one"),
        ('policy_file = "policy.json"', "[]", "guardrail.policy is .*; it must be a table"),
    ],
)
def test_a_policy_that_cannot_be_read_is_told(tmp_path: Path, toml: str, content: str, says: str) -> None:
    (tmp_path / "policy.json").write_text(content)
    (tmp_path / "mine.toml").write_text(f"[guardrail]\n{toml}")
    with pytest.raises(InvalidEnvironmentError, match=says):
        files.checked("mine", files.read("mine", tmp_path), platform=Platform())


def test_an_environment_that_says_nothing_has_the_default_policy() -> None:
    guardrail = files.checked("mine", {}, platform=Platform()).guardrail
    assert isinstance(guardrail, OwnGuardrail)
    assert guardrail.policy == guardrail_policy.default()
