"""docs/jobs.md names the permissions that an operator needs."""

from __future__ import annotations

import ast

import botocore.session
import pytest
from botocore import xform_name

from tests import documents

JOBS = "gateway_cli/jobs"
SUBMIT = "`submit`"
EXPECT = "`results --expect`"
ALL = "`results --all`, `--count`"
STATUS = "`status`"
DEAD = "`dead-letters`"
# Of each call of AWS in a module, the commands that come to it.
CALLS = {
    ("stack_outputs", "describe_stacks"): ["all"],
    ("sending", "send_message_batch"): [SUBMIT, DEAD],
    ("status", "get_queue_attributes"): [SUBMIT, EXPECT, STATUS, DEAD],
    ("job_records", "batch_get_item"): [EXPECT],
    ("job_records", "update_item"): [DEAD],
    ("large_results", "get_object"): [EXPECT, ALL],
    ("held_messages", "receive_message"): [ALL, DEAD],
    ("held_messages", "delete_message_batch"): [ALL, DEAD],
    ("held_messages", "change_message_visibility_batch"): [ALL, DEAD],
    ("dead_letters", "get_queue_attributes"): [DEAD],
    ("dead_letters_commands", "purge_queue"): [DEAD],
}


def operations() -> dict[str, str]:
    """The IAM action of each client method; SQS's batches need that of a single message.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    session = botocore.session.get_session()
    return {
        xform_name(name): f"{service}:{name.removesuffix('Batch') if service == 'sqs' else name}"
        for service in ("cloudformation", "dynamodb", "s3", "sqs")
        for name in session.get_service_model(service).operation_names
    }


ACTIONS = operations()


def calls() -> set[tuple[str, str]]:
    """Module and method of each AWS call in the jobs commands."""
    files = [*(documents.ROOT / JOBS).glob("*.py"), documents.ROOT / "gateway_cli/stack_outputs.py"]
    return {
        (file.stem, node.func.attr)
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ACTIONS
    }


def test_every_call_is_known() -> None:
    """The jobs commands make AWS calls only in the forms that the next test looks for."""
    assert calls() == CALLS.keys()


@pytest.mark.parametrize(
    ("command", "method"),
    sorted({(command, method) for (_, method), commands in CALLS.items() for command in commands}),
)
def test_permissions_are_documented(command: str, method: str) -> None:
    """The table of permissions names the IAM action of every call, in the row of its command."""
    needs = dict(documents.table("docs/jobs.md", "| command | needs |"))
    assert f"`{ACTIONS[method]}`" in needs[command]
