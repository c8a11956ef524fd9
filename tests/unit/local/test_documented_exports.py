"""The variables that the documentation sets lead every AWS tool to the local stack."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from local.aws import environment
from local.machine import paths

PAGES = ["README.md", "docs/jobs.md"]
ENDPOINT = "http://127.0.0.1:4566"


def exported(page: Path) -> dict[str, str]:
    """The variables of the page's `export` lines; what a command prints stands for the endpoint."""
    lines = re.findall(r"^export (AWS_.+)$", page.read_text(), re.MULTILINE)
    words = [word for line in lines for word in shlex.split(re.sub(r"\$\(.*\)", ENDPOINT, line))]
    return dict(word.split("=", 1) for word in words)


@pytest.mark.parametrize("page", PAGES)
def test_documented_exports_reach_the_local_stack(page: str) -> None:
    """They are those that the local stack's own processes have: boto3 and the AWS CLI 1 know AWS_DEFAULT_REGION only."""
    found = exported(paths.ROOT / page)
    needed = environment.aws(ENDPOINT)
    assert found.keys() >= {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"}
    assert found == {name: needed[name] for name in found}
