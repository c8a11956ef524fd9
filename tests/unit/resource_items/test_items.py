"""An item that was written is read as the same value, and a damaged one is told."""

from __future__ import annotations

import pytest

from resource_items import file_item, table
from resource_items.file_item import File
from resource_items.upload_item import CANCELLED, COMPLETED, EXPIRED, PENDING, Part, Upload

NOW = 1_800_000_000.5
FILE = File.new("team-a", filename="a.jsonl", purpose="batch", size_bytes=3, now_s=NOW)
UPLOAD = Upload.new("team-a", filename="b.jsonl", purpose="batch", size_bytes=9, now_s=NOW, kept_s=3600)
PART = Part.new(UPLOAD, size_bytes=4, now_s=NOW)


def test_round_trips() -> None:
    """Files, uploads and parts come back as they were."""
    completed = UPLOAD._replace(status=COMPLETED, plan="ab", transfer="t", completed_at=1_800_000_009)
    assert File.read(FILE.item()) == FILE
    assert Upload.read(UPLOAD.item()) == UPLOAD
    assert Upload.read(completed.item()) == completed
    assert Part.read(PART.item()) == PART


@pytest.mark.parametrize(("value", "kind"), [(FILE, File), (UPLOAD, Upload), (PART, Part)])
def test_damaged(value: File | Upload | Part, kind: type[File] | type[Upload] | type[Part]) -> None:
    """An item that lacks an attribute, or has one of another type, is unreadable."""
    item = value.item()
    needed = item.keys() - {"parts_sent", "plan", "transfer", "completed_at"}
    for name in needed - ({table.EXPIRY} if kind is not File else set()):
        for damaged in ({}, {name: {"BOOL": True}}, {name: {"N": "x"}}, {name: "text"}):
            with pytest.raises(table.UnreadableItemError):
                kind.read({**{other: item[other] for other in item if other != name}, **damaged})


def test_keys() -> None:
    """An item is found by its owner and its own sort key, and an object by its client."""
    assert FILE.item().items() >= file_item.key("team-a", FILE.id).items()
    assert FILE.object_key == f"files/team-a/{FILE.id}"
    assert PART.object_key == f"parts/team-a/{UPLOAD.id}/{PART.id}"


def test_a_file_expires() -> None:
    """A file is kept for 30 days, or as long as its owner said, and has expired at that second."""
    assert FILE.expires_at == FILE.created_at + 30 * 86_400
    assert not table.has_expired(FILE.item(), FILE.expires_at - 0.1)
    assert table.has_expired(FILE.item(), FILE.expires_at)


def test_an_upload_expires() -> None:
    """A pending upload expires after an hour. One that has ended stays as it is."""
    assert UPLOAD.status_at(NOW + 3599) == PENDING
    assert UPLOAD.status_at(NOW + 3600) == EXPIRED
    for status in (COMPLETED, CANCELLED):
        assert UPLOAD._replace(status=status).status_at(NOW + 9999) == status


def test_documents() -> None:
    """An upload has its file once it is complete, with the time of its completion."""
    assert UPLOAD.document(NOW)["file"] is None
    done = UPLOAD._replace(status=COMPLETED, completed_at=1_800_000_009).document(NOW)
    assert (done["file"]["id"], done["file"]["created_at"]) == (UPLOAD.file_id, 1_800_000_009)
    assert done["file"]["expires_at"] == 1_800_000_009 + 3600
