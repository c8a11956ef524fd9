"""The workflows deploy nothing without the repository's variables, and hold no long-lived key."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests import documents

FOLDER = documents.ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
DEPLOYED = ("dev", "staging", "prod")
CHOSEN = re.compile(r"\bvars\.\w+ (!= ''|== 'true')")
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text())["jobs"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned(file: Any) -> None:
    """Each action of others is pinned to a commit, with its version beside it."""
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    assert [use for use in used if not use.startswith("./") and not PINNED.fullmatch(use)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_secret_is_used(file: Any) -> None:
    """A run gets its credentials by OIDC, and a script gets no value of an event."""
    text = file.read_text()
    assert "secrets." not in text
    assert "pull_request_target" not in text
    runs = [step.get("run", "") for job in jobs(file.name).values() for step in job.get("steps", [])]
    assert [run for run in runs if "${{" in run] == []


def gets_token(job: dict[str, Any]) -> bool:
    permissions = job.get("permissions", {})
    return bool(permissions == "write-all" or "id-token" in permissions)


def needs(job: dict[str, Any]) -> list[str]:
    """The jobs that the job names, of which GitHub allows one or a list."""
    named: str | list[str] = job.get("needs", [])
    return [named] if isinstance(named, str) else named


def needed(name: str, found: dict[str, dict[str, Any]]) -> set[str]:
    """All jobs that must succeed before this one."""
    direct = needs(found[name])
    return {*direct}.union(*(needed(other, found) for other in direct))


def is_chosen(name: str, found: dict[str, dict[str, Any]]) -> bool:
    """Whether a variable of the repository turns on the job or one that it waits for.

    A condition with a status function runs the job even if those that it needs are skipped:
    https://docs.github.com/actions/reference/workflows-and-actions/expressions#status-check-functions
    """
    condition = str(found[name].get("if", ""))
    if re.search(r"\b(always|failure|cancelled)\s*\(", condition, re.IGNORECASE):
        return False
    if CHOSEN.search(condition) and "||" not in condition:
        return True
    return any(is_chosen(other, found) for other in needs(found[name]))


def test_deployments_are_chosen() -> None:
    """Only jobs that the repository's variables turn on may get a token for AWS, or need one of these."""
    document = yaml.safe_load((FOLDER / "test.yml").read_text())
    found = document["jobs"]
    with_token = {name for name, job in found.items() if gets_token(job)}
    assert not gets_token(document)
    assert with_token >= {"diff", *DEPLOYED}
    assert [name for name in with_token if not is_chosen(name, found)] == []
    assert "vars.AWS_DIFF_ROLE_ARN != ''" in found["diff"]["if"]
    assert "head.repo.full_name == github.repository" in found["diff"]["if"]
    assert "vars.AWS_DEPLOYS == 'true'" in found["dev"]["if"]
    assert "github.ref == 'refs/heads/main'" in found["dev"]["if"]


@pytest.mark.parametrize(
    ("job", "chosen"),
    [
        ({"needs": "dev"}, True),
        ({"needs": ["test", "dev"], "if": "github.event_name == 'push'"}, True),
        ({"if": "vars.DEMO == 'true' && github.event_name == 'push'"}, True),
        ({}, False),
        ({"needs": "test"}, False),
        ({"needs": "test", "if": "github.ref == 'refs/heads/main'"}, False),
        ({"if": "vars.DEMO == 'true' || github.event_name == 'push'"}, False),
        ({"needs": "dev", "if": "always()"}, False),
        ({"needs": "dev", "if": "${{ !cancelled() }}"}, False),
    ],
)
def test_own_jobs_are_chosen(job: dict[str, Any], chosen: bool) -> None:
    """A further job is chosen by a variable in its own condition, or by that of a job that it needs."""
    assert is_chosen("demo", {**jobs("test.yml"), "demo": job}) is chosen


def test_one_environment_after_the_other() -> None:
    """dev is deployed after the tests, then staging, then prod. Each waits for its own reviewers."""
    found = jobs("test.yml")
    calls = [name for name, job in found.items() if job.get("uses") == "./.github/workflows/deploy.yml"]
    assert [name for name in calls if "test" not in needed(name, found)] == []
    assert "dev" in needed("staging", found)
    assert "staging" in needed("prod", found)
    assert [found[name]["with"]["environment"] for name in DEPLOYED] == [*DEPLOYED]
    (deploy,) = jobs("deploy.yml").values()
    assert deploy["environment"] == "${{ inputs.environment }}"
    assert deploy["concurrency"]["cancel-in-progress"] is False


def test_deployments_are_proved() -> None:
    """Each environment is proved, except those whose job says no."""
    document = yaml.safe_load((FOLDER / "deploy.yml").read_text())
    prove = document[True]["workflow_call"]["inputs"]["prove"]  # YAML 1.1 reads `on` as true
    assert (prove["type"], prove["default"]) == ("boolean", True)
    deploy = document["jobs"]["deploy"]
    assert deploy["env"]["PROVE"] == "${{ inputs.prove && 'true' || '' }}"
    assert 'PROVE="$PROVE"' in deploy["steps"][-1]["run"]
