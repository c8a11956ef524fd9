"""`clients export` and `clients import` carry clients from one table to another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway_cli.clients import speech
from gateway_cli.clients.table import ClientsTable
from tests.unit import clients_table
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import FakeApiGateway, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FILE = Path("clients.jsonl")


def write(*documents: dict[str, Any]) -> None:
    """Writes the file that is imported."""
    FILE.write_text("".join(f"{json.dumps(document)}\n" for document in documents))


def emptied(dynamodb: DynamoDBClient) -> None:
    """Makes a new table, as in another environment."""
    dynamodb.delete_table(TableName=clients_table.TABLE)
    clients_table.create(dynamodb)


def test_export_and_import_are_the_identity(run: Run, dynamodb: DynamoDBClient) -> None:
    """Clients, their keys and limits are the same in a new table; only versions and generations are new."""
    limits = ("--model", "m*", "--max-completion-tokens", "5", "--no-stream", "--expires", "2030-01-01")
    counted = ("--requests-per-minute", "9", "--tokens-per-day", "8", "--monthly-budget-usd", "49.99")
    run("create", "team-a", "--name", "Ä", "--owner", "ada", *limits, *counted)
    run("rotate", "team-a")
    run("create", "team-b", "--no-jobs")
    run("revoke", "team-b", "--yes")
    run("suspend", "team-b", "--yes")
    before, listed = stored.items(dynamodb), run("list", "--json").stdout
    assert run("export", "--out", str(FILE)).exit_code == 0
    exported = FILE.read_text()
    emptied(dynamodb)
    result = run("import", str(FILE))
    assert result.exit_code == 0
    assert result.stdout == "created: 2, changed: 0, already as in the file: 0\n"
    after = stored.items(dynamodb)
    for items in (before, after):
        for item in items.values():
            item.pop("version", None)
            item.pop("generation")
    assert after == before
    assert run("list", "--json").stdout == listed
    assert run("export").stdout == exported


def test_legacy_clients_are_exported(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client of an earlier version arrives with all of its keys, and their own expiry."""
    stored.put_legacy(dynamodb, "old", keys=3)
    stored.put(
        dynamodb,
        "ab" * 32,
        "old",
        created_at={"S": "2026-02-01T00:00:00+00:00"},
        expires_at={"N": "1900000000"},
    )
    run("export", "--out", str(FILE))
    before = stored.items(dynamodb)
    emptied(dynamodb)
    run("import", str(FILE))
    after = stored.items(dynamodb)
    assert len({item.pop("generation")["S"] for item in after.values()}) == 1
    assert after["client#old"]["created_at"] == {"S": "2026-01-01T00:00:00+00:00"}
    assert {hash_: after[hash_] for hash_ in before} == {
        hash_: {**item, "state": {"S": "active"}} for hash_, item in before.items()
    }


def test_temporary_clients_are_not_exported(run: Run, dynamodb: DynamoDBClient) -> None:
    """The client of a proof is in no file."""
    stored.put(dynamodb, "ab" * 32, "prove", expires_at={"N": "1900000000"})
    assert run("export").stdout == ""


def test_export_has_no_key(run: Run) -> None:
    """An export has hashes of keys only."""
    key = run("create", "team-a").stdout.strip()
    exported = run("export").stdout
    assert key not in exported
    assert stored.sha256(key) in exported


def test_unreadable_clients_are_not_exported(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client whose limits cannot be read is not exported as one without limits: the export fails."""
    run("create", "team-a")
    stored.put(dynamodb, "client#team-b", "team-b", policy={"S": '{"v":2}'})
    FILE.write_text("earlier")
    result = run("export", "--out", str(FILE))
    assert result.exit_code == 1
    assert "team-b" in result.stderr
    assert FILE.read_text() == "earlier"
    assert run("export").stdout == ""


def test_failed_export_leaves_no_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be put in place leaves nothing behind."""
    run("create", "team-a")

    def fails(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "clients.jsonl")

    monkeypatch.setattr(Path, "replace", fails)
    result = run("export", "--out", str(FILE))
    assert result.exit_code == 1
    assert "Permission denied" in result.stderr
    assert list(Path().iterdir()) == []


def test_import_makes_no_key(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client without keys has none after an import, and gets its first one by `rotate`."""
    write({"id": "team-a", "models": ["m"]})
    result = run("import", str(FILE))
    assert "clients rotate" in result.stderr
    assert stored.items(dynamodb).keys() == {"client#team-a"}
    key = run("rotate", "team-a").stdout.strip()
    assert stored.of_key(dynamodb, key)["policy"] == {"S": '{"v":1,"models":["m"]}'}


def test_bad_line_stops_the_import(run: Run, dynamodb: DynamoDBClient) -> None:
    """The whole file is read before the first write."""
    write({"id": "team-a"}, {"id": "team-b", "stream": "no"}, {"id": "c d"})
    result = run("import", str(FILE))
    assert result.exit_code == 1
    assert "line 2: 'stream'" in result.stderr
    assert "line 3: 'id'" in result.stderr
    assert stored.items(dynamodb) == {}


def test_existing_client_is_not_overwritten(run: Run, dynamodb: DynamoDBClient) -> None:
    """Without --update a client that differs stops the import before the first write."""
    run("create", "team-b", "--name", "mine")
    before = stored.items(dynamodb)
    write({"id": "team-a"}, {"id": "team-b", "name": "other"})
    result = run("import", str(FILE), "--yes")
    assert result.exit_code == 1
    assert "line 2: the client team-b exists and differs; --update changes it" in result.stderr
    assert stored.items(dynamodb) == before


def test_update_changes_settings_and_keeps_keys(run: Run, dynamodb: DynamoDBClient) -> None:
    """With --update the file's settings count; a key that was revoked does not come back."""
    run("create", "team-a", "--name", "old", "--no-jobs")
    run("rotate", "team-a")
    run("export", "--out", str(FILE))
    run("revoke", "team-a", "--all", "--yes")
    run("update", "team-a", "--name", "new", "--jobs")
    result = run("import", str(FILE), "--update", "--yes")
    assert result.exit_code == 0
    assert result.stdout == "created: 0, changed: 1, already as in the file: 0\n"
    assert "authorizer_result_ttl_s" in result.stderr
    document = json.loads(run("show", "team-a", "--json").stdout)
    assert (document["name"], document["jobs"], document["keys"]) == ("old", False, [])


def test_update_asks_first(run: Run, dynamodb: DynamoDBClient) -> None:
    """Without a terminal and without --yes, --update changes and creates nothing."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    write({"id": "team-a", "name": "x"}, {"id": "team-b"})
    result = run("import", str(FILE), "--update", stdin="y\n")
    assert result.exit_code == 1
    assert "Say --yes" in result.stderr
    assert stored.items(dynamodb) == before


def test_update_question_names_clients(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question names ten clients, and counts the others."""
    asked = []
    monkeypatch.setattr(speech, "confirm", lambda question, **_: asked.append(question))
    write(*({"id": f"team-{n:02}"} for n in range(12)))
    run("import", str(FILE))
    write(*({"id": f"team-{n:02}", "name": "x"} for n in range(12)))
    run("import", str(FILE), "--update")
    (question,) = asked
    assert question.startswith("Change these clients in dev: team-00, ")
    assert question.endswith("team-09 and 2 more?")


def test_update_question_says_who_is_let_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question says which clients a file resumes, and which no longer expire."""
    asked = []
    monkeypatch.setattr(speech, "confirm", lambda question, **_: asked.append(question))
    write({"id": "a", "state": "suspended"}, {"id": "b", "expires": "2099-01-01"}, {"id": "c"})
    run("import", str(FILE))
    write({"id": "a"}, {"id": "b"}, {"id": "c", "name": "x"})
    run("import", str(FILE), "--update")
    assert asked == ["Change these clients in dev: a (resumes), b (never expires), c?"]


@pytest.mark.parametrize("may_update", [True, False])
def test_clients_as_in_the_file_are_skipped(run: Run, dynamodb: DynamoDBClient, may_update: bool) -> None:
    """A second import asks nothing and writes nothing."""
    write({"id": "team-a", "models": ["m"]}, {"id": "team-b"})
    run("import", str(FILE))
    before = stored.items(dynamodb)
    result = run("import", str(FILE), *(["--update"] if may_update else []))
    assert (result.exit_code, result.stdout) == (0, "created: 0, changed: 0, already as in the file: 2\n")
    assert stored.items(dynamodb) == before


def test_interrupted_import_goes_on(
    run: Run, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the same command brings the rest; each client is whole or absent."""
    key = {"sha256": "ab" * 32, "created": "2026-01-01T00:00:00+00:00"}
    write({"id": "a", "keys": [key]}, {"id": "b"}, {"id": "c"})
    written = ClientsTable.write

    def interrupted(table: ClientsTable, client: Any, *rest: Any) -> None:
        if client.client_id == "b":
            raise KeyboardInterrupt
        written(table, client, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(ClientsTable, "write", interrupted)
        result = run("import", str(FILE))
    assert result.exit_code == 1
    assert result.stdout == "created: 1, changed: 0, already as in the file: 0\n"
    assert stored.items(dynamodb).keys() == {"client#a", "ab" * 32}
    assert run("import", str(FILE)).stdout == "created: 2, changed: 0, already as in the file: 1\n"


def test_key_of_another_client_stops_the_import(run: Run, dynamodb: DynamoDBClient) -> None:
    """A file cannot take a key from a client that exists."""
    key = run("create", "team-a").stdout.strip()
    before = stored.items(dynamodb)
    write({"id": "team-b", "keys": [{"sha256": stored.sha256(key)}]})
    result = run("import", str(FILE))
    assert result.exit_code == 1
    assert "belongs to the client team-a" in result.stderr
    assert stored.items(dynamodb) == before


def test_legacy_client_as_in_the_file_is_skipped(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client of an earlier version without limits is as a line without limits."""
    stored.put_legacy(dynamodb, "old")
    write({"id": "old"})
    assert run("import", str(FILE)).stdout == "created: 0, changed: 0, already as in the file: 1\n"


def test_import_flushes_nothing(run: Run, api_gateway: FakeApiGateway) -> None:
    """New clients need no flush: API Gateway has no answer about their keys."""
    write({"id": "team-a"})
    run("import", str(FILE))
    assert api_gateway.flushed == []


def test_unreadable_key_expiry_is_not_exported(run: Run, dynamodb: DynamoDBClient) -> None:
    """A key whose own expiry cannot be read is not exported as one that never expires."""
    stored.put(dynamodb, "ab" * 32, "old", created_at={"S": "2026-01-01"}, expires_at={"S": "soon"})
    result = run("export")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot read: keys" in result.stderr


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/stdin", "missing", "."])
def test_what_is_no_file_is_wrong_usage(run: Run, name: str) -> None:
    """A device, a folder and a file that is not there are wrong command lines."""
    assert run("import", name).exit_code == 2


@pytest.mark.parametrize("name", ["/dev/full", "."])
def test_what_cannot_be_replaced_is_wrong_usage(run: Run, name: str) -> None:
    """An export replaces regular files only."""
    assert run("export", "--out", name).exit_code == 2
