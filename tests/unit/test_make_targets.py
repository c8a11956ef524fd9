"""The operator's make targets, with a `cdk` and a `chat-gateway` that only print their arguments."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import documents

STAMPS = (".venv/.operator", ".venv/.command", ".venv/.node", "node_modules/.operator")
DEVELOPERS = (".venv/.installed", ".venv/.model", "node_modules/.installed", ".venv-emulator/.installed")
CDK = """#!/bin/sh
test ! -t 0 || exit 3
printf '%s\\n' "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which make finds everything installed."""
    for name in ("Makefile", "pyproject.toml", "package-lock.json"):
        shutil.copy(documents.ROOT / name, tmp_path)
    shutil.copytree(documents.ROOT / "requirements", tmp_path / "requirements")
    cdk = tmp_path / "node_modules/.bin/cdk"
    cdk.parent.mkdir(parents=True)
    cdk.write_text(CDK)
    cdk.chmod(0o755)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for command in ("chat-gateway", "python"):
        shutil.copy(cdk, tmp_path / ".venv/bin" / command)
    for stamp in STAMPS:
        (tmp_path / stamp).touch()
    return tmp_path


def make(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs make without a terminal, as in a pipeline."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "M"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={**inherited, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def printed_by_cdk(done: subprocess.CompletedProcess[str], target: str) -> str:
    """What `cdk` printed. `make bootstrap` also passes what the module for its options prints, and then calls another command."""
    if target != "bootstrap":
        return done.stdout
    cdk, _, rest = done.stdout.partition("log-role\n")
    assert rest.split() == ["--env", "staging"]
    return cdk.replace("-m\ninfra.bootstrap_options\nstaging\n", "")


def test_bootstrap_with_a_profile(checkout: Path) -> None:
    """A profile in CDK_ARGS is cdk's alone, so nothing is done to another account."""
    done = make(checkout, "bootstrap", "ENV=dev", "CDK_ARGS=--profile admin")
    assert "Now run: chat-gateway log-role --env dev --profile" in done.stdout
    assert "--env\n" not in done.stdout


@pytest.mark.parametrize("target", ["deploy", "destroy", "bootstrap"])
@pytest.mark.parametrize("cdk_args", ["", "--force", "--require-approval never"])
def test_cdk_args_are_passed_on(checkout: Path, target: str, cdk_args: str) -> None:
    """The words of CDK_ARGS reach `cdk` unchanged, after the environment."""
    done = make(checkout, target, "ENV=staging", f"CDK_ARGS={cdk_args}")
    assert (done.returncode, done.stderr) == (0, "")
    assert printed_by_cdk(done, target).split() == [target, "-c", "env=staging", *cdk_args.split()]


def test_settings_and_cdk_args_go_together(checkout: Path) -> None:
    """A deployment takes its other settings together with CDK_ARGS."""
    settings = ("GUARDRAIL=abc123:1", "PROVE=true", "GRADUAL=false")
    done = make(checkout, "deploy", *settings, "CDK_ARGS=--require-approval never")
    assert done.stdout.split()[3:] == [
        *("-c", "guardrail=abc123:1", "-c", "prove_on_deploy=true", "-c", "gradual=false"),
        *("--require-approval", "never"),
    ]


def test_an_empty_prove_is_none(checkout: Path) -> None:
    """With an empty PROVE, as deploy.yml passes it for `prove: false`, the environment's file decides about the proof."""
    done = make(checkout, "deploy", "ENV=dev", "PROVE=", PROVE="")
    assert done.stdout.split() == ["deploy", "-c", "env=dev"]


@pytest.mark.parametrize(
    ("arguments", "policy_of"), [((), []), (("ENV=prod",), ["--policy-of", "prod"]), (("ENV=",), [])]
)
def test_run_takes_another_policy(checkout: Path, arguments: tuple[str, ...], policy_of: list[str]) -> None:
    """The local stack has its own policy by default, and another environment's if ENV is set."""
    for stamp in DEVELOPERS:
        (checkout / stamp).parent.mkdir(exist_ok=True)
        (checkout / stamp).touch()
    done = make(checkout, "run", *arguments)
    assert (done.stdout.split(), done.stderr) == (["-m", "local", *policy_of], "")


def test_a_shells_base_url_is_not_proven(checkout: Path) -> None:
    """BASE_URL counts on make's command line only; a shell's may be another environment's."""
    proven = ["prove", "--env", "dev"]
    url = "https://chat.test/openai/v1"
    assert make(checkout, "prove", BASE_URL=url).stdout.split() == proven
    assert make(checkout, "prove", f"BASE_URL={url}").stdout.split() == [*proven, "--base-url", url]


@pytest.mark.parametrize("target", ["deploy", "destroy", "bootstrap", "log-role"])
def test_the_local_stack_is_not_aws(checkout: Path, target: str) -> None:
    """With the local stack's variables in the shell, nothing is done to AWS, and an error says why."""
    done = make(checkout, target, AWS_ENDPOINT_URL="http://127.0.0.1:4566")
    assert done.returncode != 0
    assert "http://127.0.0.1:4566, which is not AWS" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["--require-approval never", "CDK_ARGS=--force"])
def test_the_way_to_approve_is_documented(command: str) -> None:
    """docs/deploying.md says how to deploy and destroy without a terminal."""
    assert command in documents.text("docs/deploying.md")
