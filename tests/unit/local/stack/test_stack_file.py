"""stack.json, which other programs read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from local.aws import environment
from local.stack import stack_file
from tests.unit.local.stacks import made_up_stack


def test_it_holds_where_the_stack_is(tmp_path: Path) -> None:
    """The file has nine fields, and no Bedrock key and no secret's name."""
    stack, path = made_up_stack(tmp_path), tmp_path / "stack.json"
    with stack_file.written(path, stack):
        document = json.loads(path.read_text())
    assert document == {
        "base_url": stack.base_url,
        "api_key": stack.api_key,
        "jobs_queue_url": stack.jobs_queue_url,
        "results_queue_url": stack.results_queue_url,
        "dead_letter_queue_url": stack.dead_letter_queue_url,
        "aws_endpoint_url": stack.aws_endpoint_url,
        "guardrail_identifier": stack.guardrail_identifier,
        "upstream_url": stack.upstream_url,
        "environment": environment.for_shells(stack.aws_endpoint_url),
    }


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """Only its owner can read the file, even if an earlier run left a readable one."""
    path = tmp_path / "stack.json"
    path.write_text("{}")
    path.chmod(0o644)
    with stack_file.written(path, made_up_stack(tmp_path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_gone_when_the_stack_is(tmp_path: Path) -> None:
    """When the stack stops, the file is deleted."""
    path = tmp_path / "stack.json"
    with stack_file.written(path, made_up_stack(tmp_path)):
        assert path.exists()
    assert not path.exists()
