"""The script of docs/operations.md that copies a restored table into the stack's."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import documents
from tests.unit import clients_table, moto_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RESTORED = "restored-clients"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script, as an operator saves it."""
    (text,) = documents.code("docs/operations.md", "python")
    path = tmp_path / "copy_items.py"
    path.write_text(text)
    return path


def run(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(script), RESTORED, clients_table.TABLE])
    runpy.run_path(str(script))


def put(dynamodb: DynamoDBClient, table: str, key: str, state: str) -> None:
    padding = "x" * 20_000  # so that a scan has several pages
    dynamodb.put_item(
        TableName=table, Item={"key_sha256": {"S": key}, "state": {"S": state}, "padding": {"S": padding}}
    )


def test_items_are_copied(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each restored item replaces the stack's own. Items that were made later stay."""
    with clients_table.empty(monkeypatch) as dynamodb:
        moto_tables.create(dynamodb, RESTORED, "key_sha256")
        for number in range(120):
            put(dynamodb, RESTORED, f"key{number}", "restored")
        put(dynamodb, clients_table.TABLE, "key0", "damaged")
        put(dynamodb, clients_table.TABLE, "later", "made later")
        run(script, monkeypatch)
        pages = dynamodb.get_paginator("scan").paginate(TableName=clients_table.TABLE)
        states = {item["key_sha256"]["S"]: item["state"]["S"] for page in pages for item in page["Items"]}
    assert states == {**{f"key{number}": "restored" for number in range(120)}, "later": "made later"}


def test_another_kind_of_table(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with other keys is refused, and nothing is written."""
    with clients_table.empty(monkeypatch) as dynamodb:
        moto_tables.create(dynamodb, RESTORED, "pk", "sk")
        with pytest.raises(SystemExit, match="not of the same kind"):
            run(script, monkeypatch)
        assert clients_table.items(dynamodb) == []
