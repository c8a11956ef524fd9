"""The environment that a deployment names, and settings from the command line for one deployment."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra import environments
from infra.application import build_app
from infra.settings.guardrail import ExistingGuardrail, OwnGuardrail
from infra.settings.problems import InvalidEnvironmentError
from infra.settings.proof import Proof
from tests.infra.conftest import CONTEXT, FIRST_FILES

named = partial(environments.named, folder=FIRST_FILES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one settings file, `mine`."""
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        '[guardrail]\ntagging = "all_text"\noverride = "allowed"\n[proof]\ncanary = "kryptonite"\n'
    )
    return folder


@pytest.mark.parametrize("name", [None, "", "production", "../secrets"])
def test_an_unknown_name_lists_the_known_ones(name: str | None) -> None:
    with pytest.raises(InvalidEnvironmentError, match="dev, staging, prod, local"):
        named(name)


def test_a_file_that_a_user_adds_is_an_environment(folder: Path) -> None:
    """Every file in the folder is an environment with the file's name."""
    assert environments.named("mine", folder=folder).stack_name == "bedrock-chat-gateway-mine"
    with pytest.raises(InvalidEnvironmentError, match="choose one of mine"):
        environments.named("dev", folder=folder)


@pytest.mark.parametrize("name", ["a" * 21, "with_underscore", "1st"])
def test_a_name_that_no_stack_can_have_is_refused(folder: Path, name: str) -> None:
    (folder / f"{name}.toml").write_text("")
    with pytest.raises(InvalidEnvironmentError, match=f"{name}.toml: name is .* 20 letters"):
        environments.named(name, folder=folder)


@pytest.mark.parametrize(
    ("text", "identifier", "version"),
    [
        ("abc123:1", "abc123", "1"),
        ("gr-f371:DRAFT", "gr-f371", "DRAFT"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123:7",
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123",
            "7",
        ),
    ],
)
def test_a_guardrail_is_named_by_identifier_and_version(text: str, identifier: str, version: str) -> None:
    guardrail = named("dev", guardrail=text).guardrail
    assert guardrail == ExistingGuardrail(identifier=identifier, version=version)


def test_a_named_guardrail_is_applied_as_the_file_says(folder: Path) -> None:
    """A guardrail for one deployment changes neither tagging nor override."""
    guardrail = environments.named("mine", guardrail="abc:1", folder=folder).enforced_guardrail
    assert guardrail is not None
    assert (guardrail.kind, guardrail.tagging, guardrail.override) == ("existing", "all_text", "allowed")


@pytest.mark.parametrize("text", ["", "abc123", ":1", "abc123:", "abc123:one"])
def test_half_a_guardrail_is_refused(text: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="guardrail"):
        named("dev", guardrail=text)


@pytest.mark.parametrize(
    "context",
    [{"upstream_url": "http://127.0.0.1:1/openai/v1"}, {"aws_endpoint_url": "http://127.0.0.1:1"}],
)
def test_only_local_has_an_emulator(context: dict[str, Any]) -> None:
    """A stack on AWS asks Bedrock, and accepts no URL of an emulator."""
    with pytest.raises(InvalidEnvironmentError, match="for the environment 'local' only"):
        named("prod", **context)


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({}, "upstream_url is missing"),
        ({"upstream_url": "ftp://host"}, "upstream.url is .* must be a URL of only host"),
        ({"upstream_url": "http://host/v1/"}, "upstream.url is .* must be a URL of only host"),
        ({"upstream_url": "http://host/v1", "aws_endpoint_url": "host/"}, "aws_endpoint_url must be"),
        (
            {"upstream_url": "http://host/v1", "guardrail": "a:1", "prove_on_deploy": "true"},
            "prove_on_deploy needs aws_endpoint_url",
        ),
        (
            {
                "upstream_url": "http://host/v1",
                "aws_endpoint_url": "http://host",
                "prove_on_deploy": "true",
            },
            "proof.on_deploy needs a guardrail",
        ),
    ],
)
def test_what_local_lacks_is_named(context: dict[str, Any], says: str) -> None:
    """The error for `local` names the value that is missing or wrong on the command line."""
    with pytest.raises(InvalidEnvironmentError, match=says):
        named("local", **context)


def test_local_waits_seconds_where_others_wait_minutes() -> None:
    local = named("local", upstream_url="http://127.0.0.1:1/openai/v1")
    assert local.job_visibility_s <= 120
    assert local.jobs.max_retry_delay_s <= 10


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_environment_that_goes_to_aws_makes_a_guardrail(name: str) -> None:
    assert isinstance(named(name).guardrail, OwnGuardrail)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_proof_is_off_until_it_is_asked_for(name: str) -> None:
    assert not named(name).proof.on_deploy
    assert named(name, prove_on_deploy="true").proof == Proof(on_deploy=True)
    assert not named(name, prove_on_deploy="false").proof.on_deploy


def test_the_command_line_keeps_an_environments_own_canary(folder: Path) -> None:
    for text, is_on in (("true", True), ("false", False)):
        proof = environments.named("mine", prove_on_deploy=text, folder=folder).proof
        assert proof == Proof(on_deploy=is_on, canary="kryptonite")


@pytest.mark.parametrize("text", ["", "yes", "True", "1"])
def test_anything_but_true_or_false_is_no_answer_to_whether_to_prove(text: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="prove_on_deploy"):
        named("dev", prove_on_deploy=text)


def test_gradual_on_the_command_line() -> None:
    """One deployment can go all at once, or gradually, whatever the file says."""
    assert named("dev", gradual="true").deployment.gradual
    assert not named("prod", gradual="false").deployment.gradual
    with pytest.raises(InvalidEnvironmentError, match="gradual is 'yes'"):
        named("prod", gradual="yes")


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"gradual": "false"}, "gradual false applies to this deployment only"),
        ({"guardrail": "abc:1"}, "guardrail abc:1 applies to this deployment only"),
        ({"prove_on_deploy": "true"}, "prove_on_deploy true applies to this deployment only"),
        ({}, None),
    ],
)
def test_an_override_is_not_lost_in_silence(context: dict[str, str], says: str | None) -> None:
    """If one deployment overrides the file, the output says that the next deployment goes back to the file."""
    stack = build_app({**CONTEXT, "env": "prod", **context}, folder=FIRST_FILES).node.find_child(
        "bedrock-chat-gateway-prod"
    )
    told = [str(entry.data) for entry in stack.node.metadata if entry.type == "aws:cdk:info"]
    assert [text for text in told if says is not None and says in text] == told
    assert bool(told) is (says is not None)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[guardrail]", "guardrail must not be set"),
        ("[proof]\non_deploy = true", "proof must not be set"),
        ('[upstream]\nauth = "sigv4"', 'upstream.auth must be "api_key"'),
    ],
)
def test_local_refuses_what_it_cannot_do(folder: Path, toml: str, says: str) -> None:
    """`local` refuses a setting that it cannot apply."""
    (folder / "local.toml").write_text(toml)
    with pytest.raises(InvalidEnvironmentError, match=says):
        environments.named("local", upstream_url="http://host/v1", guardrail="a:1", folder=folder)
