"""The workflows deploy nothing without the repository's variables, and hold no long-lived key."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests import documents

FOLDER = documents.ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
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


def test_deployments_are_chosen() -> None:
    """Only jobs that the repository's variables turn on may get a token for AWS, or need one of these."""
    found = jobs("test.yml")
    with_token = {name for name, job in found.items() if "id-token" in job.get("permissions", {})}
    assert with_token == {"diff", "dev", "staging", "prod"}
    assert "vars.AWS_DIFF_ROLE_ARN != ''" in found["diff"]["if"]
    assert "head.repo.full_name == github.repository" in found["diff"]["if"]
    assert "vars.AWS_DEPLOYS == 'true'" in found["dev"]["if"]
    assert "github.ref == 'refs/heads/main'" in found["dev"]["if"]


def test_one_environment_after_the_other() -> None:
    """dev is deployed after the tests, then staging, then prod. Each is proved and waits for its own reviewers."""
    found = jobs("test.yml")
    assert [found[name]["needs"] for name in ("dev", "staging", "prod")] == ["test", "dev", "staging"]
    assert {found[name]["with"]["environment"] for name in ("dev", "staging", "prod")} == {
        "dev",
        "staging",
        "prod",
    }
    (deploy,) = jobs("deploy.yml").values()
    assert deploy["environment"] == "${{ inputs.environment }}"
    assert deploy["concurrency"]["cancel-in-progress"] is False
    assert "PROVE=true" in deploy["steps"][-1]["run"]
