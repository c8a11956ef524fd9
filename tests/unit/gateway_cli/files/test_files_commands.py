"""`files …`, and what `clients delete` does with a client's files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from client_keys import item as client_item
from gateway_cli import stack_outputs
from gateway_cli.clients.records import StoredClient
from gateway_cli.clients.table import ClientsTable
from gateway_cli.command import cli
from openai_resources.files.client_files import ClientFiles
from openai_resources.storage import Storage
from openai_resources.uploads.client_uploads import ClientUploads
from resource_items import batch_state, file_item, owners
from resource_items.batch_item import Batch
from resource_items.file_item import File
from tests.unit import clients_table, resources_storage
from tests.unit.gateway_cli.outputs import OUTPUTS
from tests.unit.resources_storage import BUCKET, TABLE, Clock

Run = Callable[..., Result]


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    clock = Clock()
    with resources_storage.empty(monkeypatch, clock) as storage:
        clients_table.create(storage.dynamodb)
        clients = {"dynamodb": storage.dynamodb, "s3": storage.s3}
        monkeypatch.setattr(boto3.Session, "client", lambda _, name, **__: clients[name])
        monkeypatch.setattr("time.time", clock)
        yield storage


@pytest.fixture
def run(storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command for the environment dev, in an empty folder and without a terminal, with a client team-a."""
    outputs = replace(OUTPUTS, resources_table=TABLE, files_bucket=BUCKET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stack_outputs, "read", lambda *_: outputs)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--env", "dev"])

    assert run("clients", "create", "team-a").exit_code == 0
    return run


def owner(storage: Storage, client_id: str = "team-a") -> str:
    """The owner of the client's files, as the function has it from the authorizer."""
    found = storage.dynamodb.get_item(TableName=clients_table.TABLE, Key=client_item.of_client(client_id))
    return owners.owner(client_id, found["Item"][client_item.GENERATION]["S"])


@pytest.fixture
def uploaded(run: Run, tmp_path: Path) -> str:
    """The id of a file of team-a."""
    (tmp_path / "lines.jsonl").write_bytes(b"{}\n" * 1000)
    result = run("files", "upload", "lines.jsonl", "--client", "team-a")
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_upload(storage: Storage, uploaded: str) -> None:
    """The client sees the file as if it had sent it: name, purpose, size, content, and its 30 days."""
    files = ClientFiles(storage, owner(storage))
    file = files.one(uploaded)
    assert (file.filename, file.purpose, file.bytes) == ("lines.jsonl", "batch", 3000)
    assert file.expires_at == file.created_at + 2_592_000
    assert files.content(file) == b"{}\n" * 1000


def test_upload_in_parts(run: Run, storage: Storage, tmp_path: Path) -> None:
    """A file that boto3 sends in parts has its whole size."""
    content = b"0123456789abcdef" * (9 * 1024 * 1024 // 16)
    (tmp_path / "large").write_bytes(content)
    id_ = run("files", "upload", "large", "--client", "team-a").stdout.strip()
    assert ClientFiles(storage, owner(storage)).one(id_).bytes == len(content)
    assert resources_storage.objects(storage) == {f"files/{owner(storage)}/{id_}": content}


def test_upload_refused(run: Run, storage: Storage, tmp_path: Path) -> None:
    """No file for a client that does not exist, none that is empty, and none that is no file."""
    (tmp_path / "empty").touch()
    (tmp_path / "one").write_bytes(b"{}")
    for arguments in (
        ("one", "--client", "team-b"),
        ("empty", "--client", "team-a"),
        ("none", "--client", "team-a"),
    ):
        assert run("files", "upload", *arguments).exit_code != 0
    assert resources_storage.objects(storage) == {}


def test_list(run: Run, uploaded: str) -> None:
    """People get a table, programs OpenAI's objects. Another client has none."""
    assert uploaded in run("files", "list", "--client", "team-a").stdout
    (line,) = run("files", "list", "--client", "team-a", "--json").stdout.splitlines()
    assert (json.loads(line)["id"], json.loads(line)["object"]) == (uploaded, "file")
    run("clients", "create", "team-b")
    none = run("files", "list", "--client", "team-b")
    assert (none.exit_code, none.stdout) == (0, "")


def test_no_such_client(run: Run) -> None:
    """It is an error of each command."""
    for arguments in (("list",), ("delete", "file-1", "--yes")):
        result = run("files", *arguments, "--client", "nobody")
        assert result.exit_code == 1
        assert "There is no client nobody." in result.output


def test_delete(run: Run, storage: Storage, uploaded: str) -> None:
    """Deletes all or nothing of what is named, after --yes."""
    for arguments in (("--yes", uploaded, "file-x"), (uploaded,)):
        assert run("files", "delete", "--client", "team-a", *arguments).exit_code == 1
        assert len(resources_storage.objects(storage)) == 1
    result = run("files", "delete", "--client", "team-a", "--yes", uploaded, uploaded)
    assert (result.exit_code, result.stdout) == (0, "Deleted 1 file of team-a.\n")
    assert resources_storage.objects(storage) == {}


@pytest.fixture
def of_team_a(storage: Storage, uploaded: str) -> Batch:
    """A batch of team-a, which has an unfinished upload, too."""
    uploads = ClientUploads(storage, owner(storage))
    upload = uploads.create(filename="a", purpose="batch", size_bytes=9, kept_s=3600)
    uploads.add_part(upload.id, b"abc")
    return put_batch(storage, uploaded)


def put_batch(storage: Storage, file_id: str) -> Batch:
    """A new batch of team-a."""
    of = owner(storage)
    batch = Batch.new(of, endpoint="/v1/chat/completions", input_file_id=file_id, now_s=storage.now())
    for item in (batch.item(), batch_state.new(batch, file_item.object_key(of, file_id))):
        storage.dynamodb.put_item(TableName=TABLE, Item=item)
    return batch


@pytest.mark.usefixtures("of_team_a")
def test_a_client_with_files(run: Run, storage: Storage) -> None:
    """It is not deleted without --files. With it, files, unfinished uploads and batches are gone, too."""
    refused = run("clients", "delete", "team-a", "--yes")
    assert refused.exit_code == 1
    assert "has 1 file, 1 unfinished upload, 1 batch. Say --files" in refused.output
    assert "active" in run("clients", "show", "team-a").output
    deleted = run("clients", "delete", "team-a", "--files", "--yes")
    assert deleted.stdout == "Deleted team-a (1 key, 1 file, 1 unfinished upload, 1 batch).\n"
    assert resources_storage.objects(storage) == {}
    assert storage.dynamodb.scan(TableName=TABLE)["Items"] == []
    assert run("clients", "show", "team-a").exit_code == 1


def test_a_client_with_batches(run: Run, storage: Storage, of_team_a: Batch, uploaded: str) -> None:
    """Batches alone, and uploads that have not ended, keep a client, too."""
    run("files", "delete", uploaded, "--client", "team-a", "--yes")
    assert "has 1 unfinished upload, 1 batch." in run("clients", "delete", "team-a", "--yes").output
    (upload,) = storage.dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="#owner = :owner AND begins_with(#id, :uploads)",
        ExpressionAttributeNames={"#owner": "owner", "#id": "id"},
        ExpressionAttributeValues={":owner": {"S": owner(storage)}, ":uploads": {"S": "upload#"}},
    )["Items"]
    ClientUploads(storage, owner(storage)).cancel(upload["id"]["S"].removeprefix("upload#"))
    put_batch(storage, of_team_a.input_file_id)
    assert "has 2 batches." in run("clients", "delete", "team-a", "--yes").output


def test_a_batch_that_is_made_meanwhile(
    run: Run, storage: Storage, uploaded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a client is deleted with its files it is suspended. What is stored nevertheless is deleted at the end."""
    states, delete = [], ClientsTable.delete

    def meanwhile(table: ClientsTable, client: StoredClient) -> None:
        states.append(client.settings.is_active)
        put_batch(storage, uploaded)
        delete(table, client)

    monkeypatch.setattr(ClientsTable, "delete", meanwhile)
    assert run("clients", "delete", "team-a", "--files", "--yes").exit_code == 0
    assert states == [False]
    assert storage.dynamodb.scan(TableName=TABLE)["Items"] == []


def test_a_client_that_is_created_again(run: Run, storage: Storage) -> None:
    """It sees nothing of its predecessor, whatever was left of that one."""
    before = owner(storage)
    assert run("clients", "delete", "team-a", "--files", "--yes").exit_code == 0
    left = File.new(before, filename="a", purpose="batch", size_bytes=3, now_s=storage.now())
    storage.dynamodb.put_item(TableName=TABLE, Item=left.item())
    assert run("clients", "create", "team-a").exit_code == 0
    assert run("files", "list", "--client", "team-a", "--json").stdout == ""


def test_a_client_without_files(run: Run) -> None:
    """It is deleted as before."""
    assert run("clients", "delete", "team-a", "--yes").stdout == "Deleted team-a (1 key).\n"


def test_expired_files(run: Run, storage: Storage, uploaded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose time is over is not listed and keeps no client, but --files deletes it."""
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0 + 2_592_000)
    assert run("files", "list", "--client", "team-a", "--json").stdout == ""
    assert run("clients", "delete", "team-a", "--files", "--yes").exit_code == 0
    assert resources_storage.objects(storage) == {}


def test_a_stack_of_an_earlier_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no files; the message says what to do. Its clients can be deleted."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)
    result = run("files", "list", "--client", "team-a")
    assert result.exit_code == 1
    assert "make deploy ENV=dev" in result.output
    assert run("clients", "delete", "team-a", "--yes").exit_code == 0
