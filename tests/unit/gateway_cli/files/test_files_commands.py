"""`files …`, and what `clients delete` does with a client's files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from openai_resources.files.client_files import ClientFiles
from openai_resources.storage import Storage
from openai_resources.uploads.client_uploads import ClientUploads
from resource_items import batch_state
from resource_items.batch_item import Batch
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


@pytest.fixture
def uploaded(run: Run, tmp_path: Path) -> str:
    """The id of a file of team-a."""
    (tmp_path / "lines.jsonl").write_bytes(b"{}\n" * 1000)
    result = run("files", "upload", "lines.jsonl", "--client", "team-a")
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_upload(storage: Storage, uploaded: str) -> None:
    """The client sees the file as if it had sent it: name, purpose, size, content, and its 30 days."""
    files = ClientFiles(storage, "team-a")
    file = files.one(uploaded)
    assert (file.filename, file.purpose, file.bytes) == ("lines.jsonl", "batch", 3000)
    assert file.expires_at == file.created_at + 2_592_000
    assert files.content(file) == b"{}\n" * 1000


def test_upload_in_parts(run: Run, storage: Storage, tmp_path: Path) -> None:
    """A file that boto3 sends in parts has its whole size."""
    content = b"0123456789abcdef" * (9 * 1024 * 1024 // 16)
    (tmp_path / "large").write_bytes(content)
    id_ = run("files", "upload", "large", "--client", "team-a").stdout.strip()
    assert ClientFiles(storage, "team-a").one(id_).bytes == len(content)
    assert resources_storage.objects(storage) == {f"files/team-a/{id_}": content}


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
    none = run("files", "list", "--client", "team-b")
    assert (none.exit_code, none.stdout) == (0, "")


def test_delete(run: Run, storage: Storage, uploaded: str) -> None:
    """Deletes all or nothing of what is named, after --yes."""
    for arguments in (("--yes", uploaded, "file-x"), (uploaded,)):
        assert run("files", "delete", "--client", "team-a", *arguments).exit_code == 1
        assert len(resources_storage.objects(storage)) == 1
    result = run("files", "delete", "--client", "team-a", "--yes", uploaded, uploaded)
    assert (result.exit_code, result.stdout) == (0, "Deleted 1 file of team-a.\n")
    assert resources_storage.objects(storage) == {}


def test_a_client_with_files(run: Run, storage: Storage, uploaded: str) -> None:
    """It is not deleted without --files. With it, files, unfinished uploads and batches are gone, too."""
    uploads = ClientUploads(storage, "team-a")
    upload = uploads.create(filename="a", purpose="batch", size_bytes=9, kept_s=3600)
    uploads.add_part(upload.id, b"abc")
    batch = Batch.new("team-a", endpoint="/v1/chat/completions", input_file_id=uploaded, now_s=0)
    for item in (batch.item(), batch_state.new(batch, f"files/team-a/{uploaded}")):
        storage.dynamodb.put_item(TableName=TABLE, Item=item)
    refused = run("clients", "delete", "team-a", "--yes")
    assert refused.exit_code == 1
    assert "has a file. Say --files" in refused.output
    assert run("clients", "show", "team-a").exit_code == 0
    deleted = run("clients", "delete", "team-a", "--files", "--yes")
    assert deleted.stdout == "Deleted team-a (1 key, 1 file).\n"
    assert resources_storage.objects(storage) == {}
    assert storage.dynamodb.scan(TableName=TABLE)["Items"] == []
    assert run("clients", "show", "team-a").exit_code == 1


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
