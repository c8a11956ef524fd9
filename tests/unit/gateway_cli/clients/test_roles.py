"""IAM roles and users stand in the table as keys do, and clients of JWTs need neither."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from client_keys import table as new_keys
from gateway_cli import stack_outputs
from gateway_cli.clients.table import ClientsTable
from tests.unit.clients_table import TABLE
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run
from tests.unit.gateway_cli.outputs import OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROLE = "arn:aws:iam::123456789012:role/Caller"
OTHER = "arn:aws:iam::123456789012:user/ada"
SESSION = "arn:aws:sts::123456789012:assumed-role/Caller/ada@example.com"
SHA256 = hashlib.sha256(ROLE.encode()).hexdigest()


@pytest.fixture(autouse=True)
def iam(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose callers sign their requests."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, client_auth="iam"))


@pytest.mark.parametrize("arn", [ROLE, SESSION, "arn:aws:iam::123456789012:role/a/path/Caller"])
def test_role_is_stored_without_path_and_session(run: Run, dynamodb: DynamoDBClient, arn: str) -> None:
    """The role's item is found by the hash of its ARN, and copies the client's state, policy and generation."""
    result = run("create", "team-a", "--role-arn", arn, "--model", "fast")
    assert (result.exit_code, result.stdout) == (0, "")
    items = stored.items(dynamodb)
    assert items.keys() == {"client#team-a", SHA256}
    own, role = items["client#team-a"], items[SHA256]
    assert role["role_arn"] == {"S": ROLE}
    assert role["client_id"] == {"S": "team-a"}
    for copied in ("state", "policy", "generation"):
        assert role[copied] == own[copied]


def test_role_is_needed(run: Run, dynamodb: DynamoDBClient) -> None:
    """Where callers sign, a client without a role is not created: nobody could be it."""
    result = run("create", "team-a")
    assert result.exit_code == 1
    assert "--role-arn" in result.stderr
    assert stored.items(dynamodb) == {}


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::123456789012:root", "Caller", "arn:aws:iam::123456789012:role/*"]
)
def test_wrong_arn_is_a_wrong_command_line(run: Run, arn: str) -> None:
    """What is no role and no user is refused before anything is written."""
    result = run("create", "team-a", "--role-arn", arn)
    assert result.exit_code == 2
    assert "IAM role" in result.stderr


def test_role_has_one_client(run: Run) -> None:
    """A role that is a client's is refused for another one, and the message names the first."""
    run("create", "team-a", "--role-arn", ROLE)
    for command in (("create", "team-b", "--role-arn", SESSION), ("add-role", "team-a", "--role-arn", ROLE)):
        result = run(*command)
        assert result.exit_code == 1
        assert "belongs to the client team-a" in result.stderr


def test_role_of_a_proof_can_be_a_client(run: Run, dynamodb: DynamoDBClient) -> None:
    """The temporary client of a proof is nobody's."""
    new_keys.store_temporary_role(dynamodb, TABLE, "prove", OTHER, expires_at=1)
    assert run("list", "--json").exit_code == 0
    assert ClientsTable(dynamodb, TABLE).client_of_role(OTHER) is None


def test_changes_reach_the_role(run: Run, dynamodb: DynamoDBClient) -> None:
    """A suspended client's role is suspended, and a revoked role is gone."""
    run("create", "team-a", "--role-arn", ROLE)
    run("add-role", "team-a", "--role-arn", OTHER)
    suspended = run("suspend", "team-a", "--now", "--yes")
    assert "--now does not change that" in suspended.stderr
    assert stored.items(dynamodb)[SHA256]["state"] == {"S": "suspended"}
    assert run("revoke", "team-a", "--key", SHA256[:8], "--yes").exit_code == 0
    assert SHA256 not in stored.items(dynamodb)
    assert len(stored.items(dynamodb)) == 2


def test_key_and_role_stand_together(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before an environment changes to signatures, roles are added to its clients with keys."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)
    assert run("create", "team-a").stdout.startswith("sk-bcg-")
    added = run("add-role", "team-a", "--role-arn", ROLE)
    assert added.exit_code == 0
    assert 'once the environment has client_auth = "iam"' in added.stderr
    assert run("rotate", "team-a").exit_code == 0  # a role is not one of the two keys
    assert ROLE in run("show", "team-a").stdout
    keys = json.loads(run("show", "team-a", "--json").stdout)["keys"]
    assert [key.get("role") for key in keys].count(ROLE) == 1


def test_number_of_roles_is_limited(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client has a bounded number of roles, since DynamoDB writes them in one transaction."""
    monkeypatch.setattr("gateway_cli.clients.changes.MAX_KEYS_AND_ROLES", 1)
    run("create", "team-a", "--role-arn", ROLE)
    result = run("add-role", "team-a", "--role-arn", OTHER)
    assert result.exit_code == 1
    assert "revoke one first" in result.stderr


def test_roles_are_exported_and_imported(run: Run, dynamodb: DynamoDBClient, tmp_path: Path) -> None:
    """An export has the ARN, and an import restores the role."""
    run("create", "team-a", "--role-arn", ROLE)
    exported = run("export").stdout
    assert json.loads(exported)["keys"][0]["role"] == ROLE
    run("delete", "team-a", "--yes")
    assert stored.items(dynamodb) == {}
    (tmp_path / "clients.jsonl").write_text(exported)
    assert run("import", "clients.jsonl").exit_code == 0
    assert stored.items(dynamodb)[SHA256]["role_arn"] == {"S": ROLE}


@pytest.mark.parametrize("role", ["Caller", OTHER, 7])
def test_wrong_role_is_not_imported(run: Run, tmp_path: Path, role: object) -> None:
    """A line whose hash is not the ARN's, or whose ARN is none, is a bad line."""
    line = {"id": "team-a", "keys": [{"sha256": SHA256, "role": role}]}
    (tmp_path / "clients.jsonl").write_text(json.dumps(line))
    result = run("import", "clients.jsonl")
    assert result.exit_code == 1
    assert "line 1" in result.stderr


def test_client_of_tokens_has_no_key(
    run: Run, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where callers send JWTs, a client is its own item: the claim has its id."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, client_auth="jwt"))
    result = run("create", "team-a")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Tokens whose claim is team-a are let in" in result.stderr
    assert stored.items(dynamodb).keys() == {"client#team-a"}
    assert run("create", "team-a").exit_code == 1
