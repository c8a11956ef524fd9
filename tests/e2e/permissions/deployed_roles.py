"""The roles of the deployed functions: what their policies allow, and what the emulator checked for them."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import boto3

from local.aws import sessions
from local.stack.local_stack import LocalStack
from tests.e2e.permissions.checking_emulator import RECORDS

STACK = "bedrock-chat-gateway-local-"
# The session of calls that no function makes.
OURS = "tried"


class Permission(NamedTuple):
    """An action and a resource of an Allow. Both may have wildcards."""

    action: str
    resource: str

    def covers(self, check: Check) -> bool:
        """Whether the permission is about what was checked."""
        return fnmatch.fnmatchcase(check.action.lower(), self.action.lower()) and fnmatch.fnmatchcase(
            check.resource, self.resource
        )


class Check(NamedTuple):
    """A check of the emulator. `refused` is why it refused, None if it did not."""

    role: str
    session: str
    action: str
    resource: str
    refused: str | None


@dataclass(frozen=True, slots=True)
class FunctionRole:
    """The role of a function."""

    stack: LocalStack
    function: str
    arn: str

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    def session(self) -> boto3.Session:
        """A session with the role's permissions. Its calls are not taken for the function's."""
        sts = self.stack.session().client("sts")
        assumed = sts.assume_role(RoleArn=self.arn, RoleSessionName=OURS)
        return sessions.session_of_role(self.stack.aws_endpoint_url, assumed["Credentials"])

    def permissions(self) -> set[Permission]:
        """What the role's own policies allow."""
        iam: Any = self.stack.session().client("iam")
        names = iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        assert iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"] == []
        documents = [
            iam.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"] for name in names
        ]
        arns = self._arns_of_secrets()
        return {
            permission._replace(resource=arns.get(permission.resource, permission.resource))
            for document in documents
            for permission in _allowed(document)
        }

    def _arns_of_secrets(self) -> dict[str, str]:
        """The secrets by their names, which the emulator writes into policies: see `checking_emulator`."""
        secrets = self.stack.session().client("secretsmanager").list_secrets()["SecretList"]
        return {secret["Name"]: secret["ARN"] for secret in secrets}

    def checks(self) -> list[Check]:
        """What was checked when the function ran."""
        return [check for check in checks(self.stack) if check.role == self.name and check.session != OURS]


def of_functions(stack: LocalStack) -> dict[str, FunctionRole]:
    """The role of each function of the stack, by the function's name without the stack's."""
    pages = stack.session().client("lambda").get_paginator("list_functions").paginate()
    functions = [function for page in pages for function in page["Functions"]]
    return {
        name.removeprefix(STACK): FunctionRole(stack, name, function["Role"])
        for function in functions
        if (name := function["FunctionName"]).startswith(STACK)
    }


def checks(stack: LocalStack) -> list[Check]:
    """All checks of calls with a role, in their order."""
    lines = (stack.state.emulator / RECORDS).read_text().splitlines()
    return [_check(json.loads(line)) for line in lines]


def _check(record: dict[str, Any]) -> Check:
    _, role, session = record["session"].split("/", 2)
    return Check(role, session, record["action"], record["resource"], record["refused"])


def _allowed(document: dict[str, Any]) -> Iterator[Permission]:
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield Permission(action, resource)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
