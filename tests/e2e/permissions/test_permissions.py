"""Each role may do what its function does, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from local.stack.local_stack import LocalStack
from tests.e2e.permissions import calls, deployed_roles, foreign_resources
from tests.e2e.permissions.calls import Call
from tests.e2e.permissions.deployed_roles import OURS, Check, FunctionRole, Permission

CONSUMED = {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"}


def labels(operations: Iterable[str], *names: str) -> set[str]:
    """The labels of the operations on each of the names."""
    return {f"{operation} {name}" for operation in operations for name in names}


# Of the calls in `calls`, the only ones that each function may make.
ALLOWED = {
    "api": {
        "GetSecretValue Bedrock's key",
        "GetItem clients",
        "UpdateItem usage",
    },
    "authorizer": {"GetItem clients", "UpdateItem clients: only the last use"},
    "worker": {
        "GetSecretValue Bedrock's key",
        "GetItem clients",
        "UpdateItem usage",
        "UpdateItem records",
        "GetItem resources: of a batch",
        *labels(CONSUMED, "jobs"),
        *labels(["SendMessage"], "results", "dead letters", "steps"),
        *labels(["GetObject"], "files: files", "large results: results"),
        "PutObject large results: results",
        "ListObjectsV2 files",
    },
    "resources": {
        "GetItem clients",
        *labels(["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"], "resources"),
        "GetItem resources: of a batch",
        "SendMessage steps",
        *labels(["GetObject", "PutObject", "DeleteObject"], "files: files", "files: parts"),
        "ListObjectsV2 files",
        "ListFoundationModels",
        "ListInferenceProfiles",
    },
    "batch-steps": {
        "GetItem clients",
        "BatchGetItem records",
        *labels(["GetItem", "Query", "PutItem", "UpdateItem"], "resources"),
        "GetItem resources: of a batch",
        *labels(CONSUMED, "steps"),
        *labels(["SendMessage"], "steps", "jobs"),
        *labels(["GetObject", "PutObject"], "files: files", "files: batches", "files: held"),
        "GetObject large results: results",
        "ListObjectsV2 files",
    },
    "prover": {
        "GetSecretValue Bedrock's key",
        *labels(["PutItem", "DeleteItem"], "clients"),
        "GetItem records",
        "SendMessage jobs",
        "DescribeStacks",
    },
}
# What Lambda itself does with the role, which the emulator does without it:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
OF_LAMBDA = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",  # what the CDK allows with it
}
# With it, S3 answers 404 for an object that does not exist: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
WITHOUT_A_CALL = {"s3:ListBucket"}


@pytest.fixture(scope="module")
def every_call(stack: LocalStack) -> dict[str, Call]:
    return calls.on_everything(stack, foreign_resources.created(stack.session()))


@pytest.fixture(params=ALLOWED)
def function_role(request: pytest.FixtureRequest, roles: dict[str, FunctionRole]) -> FunctionRole:
    """The role of each function in turn."""
    if request.param == "prover" and "prover" not in roles:
        pytest.fail("no prover is deployed: name tests/e2e/test_proof.py before this folder")
    return roles[request.param]


def test_nothing_was_refused(stack: LocalStack) -> None:
    """No call of a function was refused in all tests before, for its permissions or for its signature."""
    checks = deployed_roles.checks(stack)
    assert [check for check in checks if check.refused is not None and check.session != OURS] == []


def test_every_permission_is_needed(function_role: FunctionRole) -> None:
    """Each permission was needed for a call in the tests before, except those for what Lambda and S3 do by themselves."""
    allowed, used = function_role.permissions(), function_role.checks()
    assert used
    assert sorted(unneeded(allowed, used)) == []


def unneeded(allowed: set[Permission], used: list[Check]) -> set[Permission]:
    """The permissions that no check was about."""
    return {
        permission
        for permission in allowed
        if permission.action not in OF_LAMBDA | WITHOUT_A_CALL
        and not any(permission.covers(check) for check in used)
    }


@pytest.mark.parametrize("function", ALLOWED)
def test_everything_else_is_refused(
    roles: dict[str, FunctionRole], every_call: dict[str, Call], function: str
) -> None:
    """Of calls on everything in the account, exactly those of the table are allowed."""
    session = roles[function].session()
    allowed = {label for label, call in every_call.items() if not calls.is_refused(call, session)}
    assert allowed == ALLOWED[function]


def test_functions_of_no_table(roles: dict[str, FunctionRole], every_call: dict[str, Call]) -> None:
    """A function that has no row in the table above may do nothing to what is not the stack's."""
    foreign = {label: call for label, call in every_call.items() if "foreign" in label}
    for name in roles.keys() - ALLOWED.keys():
        session = roles[name].session()
        assert [label for label, call in foreign.items() if not calls.is_refused(call, session)] == [], name
