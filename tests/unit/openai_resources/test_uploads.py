"""Uploads: parts become one file, exactly, whatever is repeated or killed."""

from __future__ import annotations

import hashlib
import json
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_resources.storage import Storage
from openai_resources.uploads import assembly, client_uploads
from resource_items.upload_item import Part, Upload
from tests.unit import resources_storage
from tests.unit.openai_resources.forms import file, posted
from tests.unit.openai_resources.resource_calls import Answer, ResourceCalls, event
from tests.unit.resources_storage import Clock

JSON = {"content-type": ["application/json"]}
MIB = 1024 * 1024


def post(calls: ResourceCalls, path: str, client: str = "team-a", **document: Any) -> Answer:
    """The answer to a POST of a JSON object."""
    body = json.dumps(document).encode()
    return calls(event(path, method="POST", headers=JSON, body=body, client=client))


def begun(calls: ResourceCalls, size_bytes: int) -> str:
    """The path of a new upload."""
    fields = {"filename": "b.jsonl", "purpose": "batch", "mime_type": "text/jsonl"}
    answer = post(calls, "/v1/uploads", bytes=size_bytes, **fields)
    assert answer.status == 200, answer.body
    return f"/v1/uploads/{answer.body['id']}"


def sent(calls: ResourceCalls, path: str, content: bytes) -> str:
    """The id of a new part."""
    answer = calls(posted(f"{path}/parts", file(content, field="data", filename="upload")))
    assert answer.status == 200, answer.body
    part_id: str = answer.body["id"]
    return part_id


def content(calls: ResourceCalls, file_id: str) -> bytes:
    return calls.raw(event(f"/v1/files/{file_id}/content"))[2]


def test_a_file_of_parts(stored: ResourceCalls, storage: Storage, clock: Clock) -> None:
    """The file has the parts in the order of the list. A part that it does not name is left out. No part is kept."""
    path = begun(stored, 7)
    first, _, last = (sent(stored, path, part) for part in (b"abc", b"unused", b"defg"))
    clock.now_s += 60
    upload = post(stored, f"{path}/complete", part_ids=[last, first]).body
    assert (upload["object"], upload["status"], upload["bytes"]) == ("upload", "completed", 7)
    assert upload["expires_at"] == upload["created_at"] + 3600
    assert upload["file"]["created_at"] == upload["created_at"] + 60
    assert upload["file"] == stored(event(f"/v1/files/{upload['file']['id']}")).body
    assert content(stored, upload["file"]["id"]) == b"defgabc"
    assert resources_storage.objects(storage).keys() == {f"files/team-a/{upload['file']['id']}"}


def test_create_and_part(stored: ResourceCalls, clock: Clock) -> None:
    """Both answers are OpenAI's objects."""
    fields: dict[str, Any] = {
        "bytes": 3,
        "filename": "b.jsonl",
        "purpose": "batch",
        "mime_type": "text/jsonl",
    }
    expires_after = {"anchor": "created_at", "seconds": 7200}
    upload = post(stored, "/v1/uploads", **fields, expires_after=expires_after).body
    now_s = int(clock.now_s)
    assert upload == {
        "id": upload["id"],
        "object": "upload",
        "bytes": 3,
        "created_at": now_s,
        "expires_at": now_s + 3600,
        "filename": "b.jsonl",
        "purpose": "batch",
        "status": "pending",
        "file": None,
    }
    path = f"/v1/uploads/{upload['id']}"
    part = stored(posted(f"{path}/parts", file(b"abc", field="data", filename=None))).body
    assert part == {
        "id": part["id"],
        "object": "upload.part",
        "created_at": now_s,
        "upload_id": upload["id"],
    }
    made = post(stored, f"{path}/complete", part_ids=[part["id"]]).body["file"]
    assert made["expires_at"] == made["created_at"] + 7200


def test_large_parts(stored: ResourceCalls, storage: Storage) -> None:
    """Parts smaller than S3 takes are grouped, and stay in their order."""
    parts = [bytes([number]) * 4_200_000 for number in range(3)]
    path = begun(stored, 12_600_000)
    ids = [sent(stored, path, part) for part in parts]
    whole = b"".join(parts)
    answer = post(stored, f"{path}/complete", part_ids=ids, md5=hashlib.md5(whole).hexdigest().upper())  # noqa: S324
    key = f"files/team-a/{answer.body['file']['id']}"
    assert resources_storage.objects(storage) == {key: whole}


@given(st.lists(st.integers(1, 12 * MIB), min_size=1, max_size=40))
def test_groups(sizes: list[int]) -> None:
    """Every part is in one group, in its order, and S3 takes every group: 5 MiB or more, except the last."""
    parts = [Part(str(number), "u", "c", size, 0) for number, size in enumerate(sizes)]
    groups = list(assembly.grouped(parts))
    assert [part for group in groups for part in group] == parts
    assert all(sum(part.bytes for part in group) >= 5 * MIB for group in groups[:-1])
    assert all(sum(part.bytes for part in group[:-1]) < 8 * MIB for group in groups)


def test_complete_again(stored: ResourceCalls, clock: Clock) -> None:
    """A repeated call gets the same file. Other parts, more parts and a cancellation are refused."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    first = post(stored, f"{path}/complete", part_ids=[part])
    clock.now_s += 9000
    assert post(stored, f"{path}/complete", part_ids=[part]).body == first.body
    for answer in (
        post(stored, f"{path}/complete", part_ids=["part_other"]),
        post(stored, f"{path}/cancel"),
        stored(posted(f"{path}/parts", file(b"x", field="data"))),
    ):
        assert (answer.status, answer.body["error"]["code"]) == (400, "upload_completed")


def test_killed_while_completing(
    stored: ResourceCalls, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call copies what is missing, and no more. Other parts are refused meanwhile."""
    monkeypatch.setattr(assembly, "_WORKERS", 1)
    parts = [bytes([number]) * 4_200_000 for number in range(5)]
    path = begun(stored, 21_000_000)
    ids = [sent(stored, path, part) for part in parts]
    upload_part, copied = storage.s3.upload_part, []

    def killed_at_the_second(**arguments: Any) -> Any:
        copied.append(arguments["PartNumber"])
        if copied == [1, 2]:
            raise KeyboardInterrupt
        return upload_part(**arguments)

    monkeypatch.setattr(storage.s3, "upload_part", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        post(stored, f"{path}/complete", part_ids=ids)
    refused = post(stored, f"{path}/complete", part_ids=ids[::-1])
    assert (refused.status, refused.body["error"]["param"]) == (400, "part_ids")
    answer = post(stored, f"{path}/complete", part_ids=ids)
    assert answer.status == 200, answer.body
    assert sorted(set(copied)) == [1, 2, 3]
    assert copied.count(1) == 1
    key = f"files/team-a/{answer.body['file']['id']}"
    assert resources_storage.objects(storage) == {key: b"".join(parts)}


@pytest.mark.parametrize("at", ["complete_multipart_upload", "transact_write_items"])
def test_killed_at_the_end(
    stored: ResourceCalls, storage: Storage, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Killed after S3 has made the object, or after the file's item is written, the next call answers with the file."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    client: Any = storage.s3 if at == "complete_multipart_upload" else storage.dynamodb
    does = getattr(client, at)

    def killed_after(**arguments: Any) -> None:
        does(**arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(client, at, killed_after)
    with pytest.raises(KeyboardInterrupt):
        post(stored, f"{path}/complete", part_ids=[part])
    monkeypatch.setattr(client, at, does)
    answer = post(stored, f"{path}/complete", part_ids=[part])
    assert (answer.status, answer.body["status"]) == (200, "completed")
    assert content(stored, answer.body["file"]["id"]) == b"abc"
    assert len(stored(event("/v1/files")).ids) == 1


@pytest.mark.parametrize("before", ["create_multipart_upload", "get_object", "complete_multipart_upload"])
def test_cancelled_before(
    stored: ResourceCalls,
    others: ResourceCalls,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
) -> None:
    """A call that completes an upload, and loses against a cancellation, says so, wherever it was."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    operation = getattr(storage.s3, before)

    def after_a_cancellation(**arguments: Any) -> Any:
        assert post(others, f"{path}/cancel").status == 200
        return operation(**arguments)

    monkeypatch.setattr(storage.s3, before, after_a_cancellation)
    answer = post(stored, f"{path}/complete", part_ids=[part])
    assert (answer.status, answer.body["error"]["code"]) == (400, "upload_cancelled")
    assert stored(event("/v1/files")).ids == []


@pytest.mark.parametrize("field", ["filename", "bytes", "purpose"])
@pytest.mark.parametrize("null", [False, True])
def test_missing_fields(stored: ResourceCalls, field: str, null: bool) -> None:
    """The code says that the field is missing, also if it is null."""
    fields: dict[str, Any] = {"filename": "b", "purpose": "batch", "bytes": 3, "mime_type": "text/jsonl"}
    fields |= {field: None}
    if not null:
        del fields[field]
    error = post(stored, "/v1/uploads", **fields).body["error"]
    assert (error["param"], error["code"]) == (field, "missing_required_parameter")


def test_missing_part_ids(stored: ResourceCalls) -> None:
    """The code says that the list is missing."""
    error = post(stored, f"{begun(stored, 3)}/complete").body["error"]
    assert (error["param"], error["code"]) == ("part_ids", "missing_required_parameter")


@pytest.mark.parametrize(
    ("expires_after", "param", "code"),
    [
        ({"seconds": 3600}, "expires_after.anchor", "missing_required_parameter"),
        ({"anchor": "created_at"}, "expires_after.seconds", "missing_required_parameter"),
        ({"anchor": "created_at", "seconds": "3600"}, "expires_after.seconds", None),
        ({"anchor": "created_at", "seconds": True}, "expires_after.seconds", None),
        ({"anchor": "now", "seconds": 3600}, "expires_after.anchor", None),
        ("3600", "expires_after", None),
    ],
)
def test_expires_after(stored: ResourceCalls, expires_after: object, param: str, code: str | None) -> None:
    """In JSON, seconds are a number."""
    fields: dict[str, Any] = {"filename": "b", "purpose": "batch", "bytes": 3, "mime_type": "text/jsonl"}
    answer = post(stored, "/v1/uploads", **fields, expires_after=expires_after)
    error = answer.body["error"]
    assert (answer.status, error["param"], error["code"]) == (400, param, code)


def test_cancelled_while_completing(
    stored: ResourceCalls, others: ResourceCalls, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no file then, and no content of one."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    transact = storage.dynamodb.transact_write_items

    def after_a_cancellation(**arguments: Any) -> Any:
        assert post(others, f"{path}/cancel").status == 200
        return transact(**arguments)

    monkeypatch.setattr(storage.dynamodb, "transact_write_items", after_a_cancellation)
    answer = post(stored, f"{path}/complete", part_ids=[part])
    assert (answer.status, answer.body["error"]["code"]) == (400, "upload_cancelled")
    assert resources_storage.objects(storage) == {}
    assert stored(event("/v1/files")).ids == []


def test_completed_by_another_call(
    stored: ResourceCalls, others: ResourceCalls, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls with the same parts at the same time both answer with the one file."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    claim, answers = storage.s3.create_multipart_upload, []

    def after_another(**arguments: Any) -> Any:
        monkeypatch.setattr(storage.s3, "create_multipart_upload", claim)
        begun = claim(**arguments)
        answers.append(post(others, f"{path}/complete", part_ids=[part]))
        return begun

    monkeypatch.setattr(storage.s3, "create_multipart_upload", after_another)
    answer = post(stored, f"{path}/complete", part_ids=[part])
    (other,) = answers
    assert other.status == 200
    assert (answer.status, answer.body) == (200, other.body)


def test_cancel(stored: ResourceCalls, storage: Storage) -> None:
    """A cancelled upload has no parts any more and takes none. Cancelling it again changes nothing."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    for _ in range(2):
        answer = stored(event(f"{path}/cancel", method="POST", headers=JSON, body=b""))
        assert (answer.status, answer.body["status"], answer.body["file"]) == (200, "cancelled", None)
    assert resources_storage.objects(storage) == {}
    for answer in (
        stored(posted(f"{path}/parts", file(b"x", field="data"))),
        post(stored, f"{path}/complete", part_ids=[part]),
    ):
        assert (answer.status, answer.body["error"]["code"]) == (400, "upload_cancelled")


def test_expired(stored: ResourceCalls, clock: Clock) -> None:
    """After an hour nothing can be added, completed or cancelled."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    clock.now_s += 3600
    for answer in (
        stored(posted(f"{path}/parts", file(b"x", field="data"))),
        post(stored, f"{path}/complete", part_ids=[part]),
        post(stored, f"{path}/cancel"),
    ):
        assert (answer.status, answer.body["error"]["code"]) == (400, "upload_expired")


def test_others_do_not_see_it(stored: ResourceCalls) -> None:
    """Another client's upload and one that does not exist get the same 404 on every path."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    for target in (path, f"/v1/uploads/upload_{'0' * 43}", "/v1/uploads/x%20y"):
        for answer in (
            stored(posted(f"{target}/parts", file(b"x", field="data"), client="team-b")),
            post(stored, f"{target}/complete", client="team-b", part_ids=[part]),
            post(stored, f"{target}/cancel", client="team-b"),
        ):
            assert (answer.status, answer.body["error"]["param"]) == (404, "id")


@pytest.mark.parametrize(
    ("choose", "said"),
    [
        (lambda ids: ids[:1], "The parts have 3 bytes, but the upload was made for 6."),
        (lambda ids: [*ids, ids[0]], "more than once"),
        (lambda ids: [ids[0], "part_unknown"], "not sent"),
        (lambda ids: [], "1 to 1000"),
        (lambda ids: ids[0], "1 to 1000"),
        (lambda ids: None, "missing"),
        (lambda ids: [ids[0], 1], "1 to 1000"),
        (lambda ids: [ids[0], "\ud800"], "1 to 1000"),
        (lambda ids: [f"part_{number}" for number in range(1001)], "1 to 1000"),
    ],
)
def test_wrong_parts(stored: ResourceCalls, choose: Any, said: str) -> None:
    """A list of parts that does not fit is refused. The right one is still taken."""
    path = begun(stored, 6)
    ids = [sent(stored, path, b"abc"), sent(stored, path, b"def")]
    refused = post(stored, f"{path}/complete", part_ids=choose(ids))
    assert (refused.status, refused.body["error"]["param"]) == (400, "part_ids")
    assert said in refused.body["error"]["message"]
    assert post(stored, f"{path}/complete", part_ids=ids).status == 200


@pytest.mark.parametrize("md5", ["0" * 32, "md5", 1, ""])
def test_wrong_md5(stored: ResourceCalls, md5: object) -> None:
    """A content with another hash makes no file. The right hash still does."""
    path = begun(stored, 3)
    part = sent(stored, path, b"abc")
    refused = post(stored, f"{path}/complete", part_ids=[part], md5=md5)
    assert (refused.status, refused.body["error"]["param"]) == (400, "md5")
    assert stored(event("/v1/files")).ids == []
    right = hashlib.md5(b"abc").hexdigest()  # noqa: S324
    assert post(stored, f"{path}/complete", part_ids=[part], md5=right).status == 200


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"purpose": "fine-tune"}, "purpose"),
        ({"purpose": None}, "purpose"),
        ({"bytes": 0}, "bytes"),
        ({"bytes": True}, "bytes"),
        ({"bytes": "3"}, "bytes"),
        ({"bytes": 536_870_913}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"filename": 1}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"filename": "\ud800"}, "filename"),
        ({"expires_after": 3600}, "expires_after"),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "expires_after.anchor"),
        ({"expires_after": {"anchor": "created_at", "seconds": True}}, "expires_after.seconds"),
    ],
)
def test_refused(stored: ResourceCalls, changed: dict[str, Any], param: str) -> None:
    """The 400 names the field."""
    fields: dict[str, Any] = {
        "bytes": 3,
        "filename": "b.jsonl",
        "purpose": "batch",
        "mime_type": "text/jsonl",
    }
    answer = post(stored, "/v1/uploads", **{**fields, **changed})
    assert (answer.status, answer.body["error"]["param"]) == (400, param)


def test_parts_that_are_refused(stored: ResourceCalls) -> None:
    """A part needs data. One over the limit gets a 413 that names the size to use."""
    path = begun(stored, 3)
    for part in (file(b"", field="data"), file(b"abc", field="file")):
        answer = stored(posted(f"{path}/parts", part))
        assert (answer.status, answer.body["error"]["param"]) == (400, "data")
    answer = stored(posted(f"{path}/parts", file(b"x" * 4_500_000, field="data")))
    assert answer.status == 413
    assert "part_size=4_000_000" in answer.body["error"]["message"]


def test_too_many_parts(stored: ResourceCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload cannot grow without end."""
    monkeypatch.setattr(client_uploads, "MAX_PARTS", 2)
    path = begun(stored, 2)
    ids = [sent(stored, path, b"a"), sent(stored, path, b"b")]
    answer = stored(posted(f"{path}/parts", file(b"c", field="data")))
    assert (answer.status, answer.body["error"]["code"]) == (400, "too_many_parts")
    assert post(stored, f"{path}/complete", part_ids=ids).status == 200


def test_nothing_secret_in_the_log(stored: ResourceCalls, log: StringIO) -> None:
    """Neither names nor contents are logged."""
    fields: dict[str, Any] = {
        "bytes": 3,
        "filename": "secret.jsonl",
        "purpose": "batch",
        "mime_type": "secret/jsonl",
    }
    path = f"/v1/uploads/{post(stored, '/v1/uploads', **fields).body['id']}"
    sent(stored, path, b"secret")
    post(stored, f"{path}/complete", part_ids=["secret"])
    assert "secret" not in log.getvalue()


def test_an_item_counts_its_parts() -> None:
    """A new upload's item has the counter that parts are added to."""
    upload = Upload.new("c", filename="f", purpose="batch", size_bytes=1, now_s=1.0, kept_s=3600)
    assert upload.item()["parts_sent"] == {"N": "0"}
