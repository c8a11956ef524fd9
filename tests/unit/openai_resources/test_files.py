"""Files: what is stored, who sees it, how it is listed and read."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from openai_resources import pages
from openai_resources.files.client_files import ClientFiles
from openai_resources.settings import StorageSettings
from openai_resources.storage import Storage
from resource_items.file_item import File
from tests.unit import resources_storage
from tests.unit.openai_resources.forms import file, posted, text
from tests.unit.openai_resources.resource_calls import ResourceCalls, event
from tests.unit.resources_storage import Clock

BATCH = text("purpose", "batch")
SECRET = "a-secret-name.jsonl"


def created(calls: ResourceCalls, content: bytes = b"{}\n", *, client: str = "team-a") -> dict[str, Any]:
    """OpenAI's object of a new file."""
    answer = calls(posted("/v1/files", BATCH, file(content), client=client))
    assert answer.status == 200, answer.body
    return answer.body


def listed(calls: ResourceCalls, **query: str) -> dict[str, Any]:
    """OpenAI's list of the client's files."""
    answer = calls(event("/v1/files", query=query))
    assert answer.status == 200, answer.body
    return answer.body


def test_create(stored: ResourceCalls, storage: Storage, clock: Clock) -> None:
    """The answer is OpenAI's object. The content is in S3 under the client's name, as it was sent."""
    body = created(stored, b"\r\n--0123\r\n")
    id_ = body["id"]
    assert body == {
        "id": id_,
        "object": "file",
        "bytes": 10,
        "created_at": int(clock.now_s),
        "expires_at": int(clock.now_s) + 2_592_000,
        "filename": "a.jsonl",
        "purpose": "batch",
        "status": "processed",
        "status_details": None,
    }
    assert resources_storage.objects(storage) == {f"files/team-a/{id_}": b"\r\n--0123\r\n"}
    assert stored(event(f"/v1/files/{id_}")).body == body


def test_expires_after(stored: ResourceCalls, clock: Clock) -> None:
    """The caller says how long a file is kept. From that second it is gone, also from the list."""
    seconds, anchor = text("expires_after[seconds]", "3600"), text("expires_after[anchor]", "created_at")
    body = stored(posted("/v1/files", file(b"{}"), seconds, BATCH, anchor)).body
    assert body["expires_at"] == body["created_at"] + 3600
    path = f"/v1/files/{body['id']}"
    clock.now_s += 3599
    assert stored(event(path)).status == 200
    clock.now_s += 1
    assert stored(event(path)).status == stored(event(f"{path}/content")).status == 404
    assert stored(event(path, method="DELETE")).status == 404
    assert listed(stored)["data"] == []


@pytest.mark.parametrize("name", ["upload", ""])
def test_without_a_name(stored: ResourceCalls, name: str) -> None:
    """Bytes without a name are a file with the name that the SDK for Python gives."""
    part = file(b"{}", filename=name or None)
    assert stored(posted("/v1/files", part, BATCH)).body["filename"] == "upload"


@pytest.mark.parametrize(
    ("parts", "param", "said"),
    [
        ([file(b"{}")], "purpose", "missing"),
        ([file(b"{}"), text("purpose", "fine-tune")], "purpose", "batch"),
        ([file(b"{}"), text("purpose", "evals")], "purpose", "batch"),
        ([BATCH], "file", "missing"),
        ([BATCH, text("file", "")], "file", "empty"),
        ([BATCH, file(b"")], "file", "empty"),
        ([BATCH, file(b"{}", filename="x" * 256)], "filename", "255"),
        ([BATCH, file(b"{}"), text("expires_after[seconds]", "3600")], "expires_after.anchor", "missing"),
        (
            [BATCH, file(b"{}"), text("expires_after[anchor]", "created_at")],
            "expires_after.seconds",
            "missing",
        ),
        *(
            ([BATCH, file(b"{}"), text(name, "3600")], "expires_after", "expires_after[seconds]")
            for name in ("expires_after", "expires_after.seconds")
        ),
        *(
            (
                [
                    BATCH,
                    file(b"{}"),
                    text("expires_after[anchor]", "created_at"),
                    text("expires_after[seconds]", seconds),
                ],
                "expires_after.seconds",
                "3600",
            )
            for seconds in ("3599", "2592001", "-1", "1e4", "", "٣٦٠٠", "9" * 400)
        ),
    ],
)
def test_refused(stored: ResourceCalls, storage: Storage, parts: list[Any], param: str, said: str) -> None:
    """The 400 names the field and the rule, and nothing is stored."""
    answer = stored(posted("/v1/files", *parts))
    assert (answer.status, answer.body["error"]["type"]) == (400, "invalid_request_error")
    assert answer.body["error"]["param"] == param
    assert said in answer.body["error"]["message"]
    assert resources_storage.objects(storage) == {}


def test_too_large(stored: ResourceCalls) -> None:
    """A larger body than Lambda takes gets a 413 that says how to send it."""
    answer = stored(posted("/v1/files", BATCH, file(b"x" * 4_500_000)))
    assert (answer.status, answer.body["error"]["code"]) == (413, "request_too_large")
    assert "part_size=4_000_000" in answer.body["error"]["message"]


def test_no_form(stored: ResourceCalls) -> None:
    """A JSON body, or none, is a 400 that names what to send."""
    for request in (
        event("/v1/files", method="POST", headers={"content-type": ["application/json"]}, body=b"{}"),
        event("/v1/files", method="POST"),
    ):
        answer = stored(request)
        assert answer.status == 400
        assert "multipart/form-data" in answer.body["error"]["message"]


def test_others_do_not_see_it(stored: ResourceCalls, storage: Storage) -> None:
    """Another client's file and one that does not exist get the same 404 on every path, and the file stays."""
    theirs, none = created(stored)["id"], f"file-{'0' * 43}"
    for path, method in (("", "GET"), ("/content", "GET"), ("", "DELETE")):
        answers = []
        for id_ in (theirs, none):
            answer = stored(event(f"/v1/files/{id_}{path}", method=method, client="team-b"))
            answers.append((answer.status, json.dumps(answer.body).replace(id_, "ID")))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
        assert '"No such File object: ID"' in answers[0][1]
    assert stored(event("/v1/files", client="team-b")).body["data"] == []
    assert len(resources_storage.objects(storage)) == 1


def test_a_client_that_was_created_again(stored: ResourceCalls) -> None:
    """It has another generation, and sees nothing of its predecessor."""
    id_ = created(stored)["id"]
    path = f"/v1/files/{id_}"
    assert stored(event(path)).status == 200
    assert stored(event(path, generation="0123456789abcdef")).status == 404
    assert stored(event("/v1/files", generation="0123456789abcdef")).body["data"] == []


@pytest.mark.parametrize("id_", ["x", "file_id", "file-%2E%2E", "a b", "x" * 65, "jöb", "file#x"])
def test_odd_ids(stored: ResourceCalls, id_: str) -> None:
    """Text that is no id is a file that does not exist."""
    assert stored(event(f"/v1/files/{id_}")).status == 404


def test_delete(stored: ResourceCalls, storage: Storage) -> None:
    """Item and content are gone at once. A second deletion is a 404."""
    id_ = created(stored)["id"]
    answer = stored(event(f"/v1/files/{id_}", method="DELETE"))
    assert (answer.status, answer.body) == (200, {"id": id_, "object": "file", "deleted": True})
    assert resources_storage.objects(storage) == {}
    assert stored(event(f"/v1/files/{id_}", method="DELETE")).status == 404


def test_a_deletion_that_failed_half_way(stored: ResourceCalls, storage: Storage) -> None:
    """A file whose content is already deleted has none to read, and can be deleted."""
    id_ = created(stored)["id"]
    storage.s3.delete_object(Bucket=storage.bucket, Key=f"files/team-a/{id_}")
    assert stored(event(f"/v1/files/{id_}/content")).status == 404
    assert stored(event(f"/v1/files/{id_}", method="DELETE")).status == 200


def test_content(stored: ResourceCalls) -> None:
    """A small content is the answer itself, byte for byte."""
    content = bytes(range(256))
    id_ = created(stored, content)["id"]
    status, headers, body = stored.raw(event(f"/v1/files/{id_}/content"))
    assert (status, headers["content-type"], body) == (200, "application/octet-stream", content)
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''a.jsonl"
    assert headers["x-request-id"] == "our-id"


def test_content_over_4_mb(stored: ResourceCalls, storage: Storage, log: StringIO) -> None:
    """A larger content is at a URL of S3, valid for 60 s, for this object only. The log does not have the URL."""
    item = File.new(
        "team-a", filename='j"ö\n', purpose="batch_output", size_bytes=4_000_001, now_s=1_800_000_000
    )
    storage.dynamodb.put_item(TableName=storage.table, Item=item.item())
    status, headers, body = stored.raw(event(f"/v1/files/{item.id}/content"))
    assert (status, body, headers["x-request-id"]) == (302, b"", "our-id")
    url = urlsplit(headers["location"])
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert url.path.endswith(f"files/team-a/{item.id}")
    assert (query["X-Amz-Expires"], query["X-Amz-Algorithm"]) == ("60", "AWS4-HMAC-SHA256")
    assert query["response-content-disposition"] == "attachment; filename*=UTF-8''j%22%C3%B6%0A"
    assert query["X-Amz-Signature"] not in log.getvalue()
    assert "X-Amz" not in log.getvalue()


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [(None, "files.s3.eu-central-1.amazonaws.com"), ("http://127.0.0.1:4566", "127.0.0.1:4566")],
)
def test_host_of_url(monkeypatch: pytest.MonkeyPatch, endpoint: str | None, host: str) -> None:
    """A URL has the host of the function's region, or of an endpoint of one's own: a redirect would break its signature."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    file = File.new("team-a", filename="a", purpose="batch", size_bytes=9, now_s=0)
    files = ClientFiles(Storage(StorageSettings("resources", "files", "steps")), "team-a")
    assert urlsplit(files.url(file)).netloc == host


def test_pages(stored: ResourceCalls, clock: Clock) -> None:
    """Following `after` shows every file once, newest first or oldest first, whatever the size of a page."""
    made = []
    for _ in range(5):
        clock.now_s += 1
        made.append(created(stored)["id"])
    created(stored, client="team-b")
    for order, expected in (("desc", made[::-1]), ("asc", made)):
        for limit in (1, 2, 5, 7):
            seen: list[str] = []
            page: dict[str, Any] = {"has_more": True}
            while page["has_more"]:
                after = {"after": seen[-1]} if seen else {}
                page = listed(stored, limit=str(limit), order=order, **after)
                ids = [one["id"] for one in page["data"]]
                assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1])
                seen += ids
            assert seen == expected
    assert [one["id"] for one in listed(stored)["data"]] == made[::-1]


def test_deleting_while_listing(stored: ResourceCalls, clock: Clock) -> None:
    """The page after a deleted file is the one after its place, so a loop that deletes ends with none left."""
    for _ in range(3):
        clock.now_s += 1
        created(stored)
    page = listed(stored, limit="1")
    while page["data"]:
        (one,) = page["data"]
        stored(event(f"/v1/files/{one['id']}", method="DELETE"))
        page = listed(stored, limit="1", after=one["id"])
    assert listed(stored)["data"] == []


def test_pages_skip_what_is_not_wanted(stored: ResourceCalls, storage: Storage, clock: Clock) -> None:
    """A page is filled with files of the purpose, and has_more is true only if there is one more."""
    for number in range(4):
        purpose = ("batch", "batch_output")[number % 2]
        file_ = File.new("team-a", filename="a", purpose=purpose, size_bytes=1, now_s=clock.now_s + number)
        storage.dynamodb.put_item(TableName=storage.table, Item=file_.item())
    page = listed(stored, purpose="batch", limit="1")
    assert (len(page["data"]), page["has_more"]) == (1, True)
    page = listed(stored, purpose="batch", limit="1", after=page["last_id"])
    assert (len(page["data"]), page["has_more"]) == (1, False)
    assert listed(stored, purpose="vision")["data"] == []


def test_a_list_fits_into_an_answer(
    stored: ResourceCalls, storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long names make a page shorter than the limit, never larger than an answer. The rest follows."""
    monkeypatch.setattr(pages, "_MAX_PAGE_BYTES", 20_000)
    for number in range(12):
        file_ = File.new(
            "team-a", filename="👍" * 255, purpose="batch", size_bytes=1, now_s=clock.now_s + number
        )
        storage.dynamodb.put_item(TableName=storage.table, Item=file_.item())
    _, _, body = stored.raw(event("/v1/files"))
    first = json.loads(body)
    assert len(body) < 20_000
    assert first["has_more"]
    rest = listed(stored, after=first["last_id"])
    assert len({one["id"] for one in [*first["data"], *rest["data"]]}) == 5 + 5
    assert rest["has_more"]


@given(st.text(max_size=255))
def test_a_size_is_not_underestimated(filename: str) -> None:
    """The size by which a page is limited is at least that of the JSON."""
    file_ = File.new("c" * 64, filename=filename, purpose="batch_output", size_bytes=2**40, now_s=1.8e9)
    assert len(json.dumps(file_.document())) <= pages._size_bytes(file_.item())


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({"limit": "-1"}, "limit", "integer_below_min_value"),
        ({"limit": "10001"}, "limit", "integer_above_max_value"),
        ({"limit": "ten"}, "limit", "invalid_type"),
        ({"limit": "٣"}, "limit", "invalid_type"),
        ({"limit": "9" * 5000}, "limit", "invalid_type"),
        ({"order": "up"}, "order", "invalid_value"),
        ({"after": "file-1 "}, "after", "invalid_value"),
    ],
)
def test_bad_queries(stored: ResourceCalls, query: dict[str, str], param: str, code: str) -> None:
    """The 400 names the parameter and the rule."""
    answer = stored(event("/v1/files", query=query))
    assert (answer.status, answer.body["error"]["param"], answer.body["error"]["code"]) == (400, param, code)


def test_limit_0_and_an_unknown_cursor(stored: ResourceCalls) -> None:
    """A limit of 0 is an empty page. So is the page after what is no id of a file, in both orders."""
    created(stored)
    empty: dict[str, Any] = {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
    assert listed(stored, limit="0") == empty
    for after in ("after", "nope", "zzz", "file-zzz", f"batch_{'f' * 43}", f"upload_{'0' * 43}"):
        for order in ("asc", "desc"):
            assert listed(stored, after=after, order=order) == empty


def test_nothing_secret_in_the_log(stored: ResourceCalls, log: StringIO) -> None:
    """Neither names nor contents are logged, in success or failure."""
    stored(posted("/v1/files", BATCH, file(b"a secret line", filename=SECRET)))
    stored(posted("/v1/files", text("purpose", "secret"), file(b"a secret line", filename=SECRET)))
    stored(posted("/v1/files", file(b"a secret line", filename=SECRET)))
    assert "secret" not in log.getvalue()
    assert len(log.getvalue().splitlines()) == 3


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            ClientError({"Error": {"Code": "SlowDown", "Message": SECRET}}, "PutObject"),
            "PutObject: SlowDown",
        ),
        (EndpointConnectionError(endpoint_url=f"https://{SECRET}"), "EndpointConnectionError"),
    ],
)
def test_storage_that_fails(
    stored: ResourceCalls,
    storage: Storage,
    log: StringIO,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    reason: str,
) -> None:
    """It is a 503, which the SDKs repeat. The log has the operation and AWS's code, but not AWS's message."""

    def fails(**_: object) -> None:
        raise failure

    monkeypatch.setattr(storage.s3, "put_object", fails)
    answer = stored(posted("/v1/files", BATCH, file(b"{}")))
    assert (answer.status, answer.body["error"]["code"]) == (503, "storage_unavailable")
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert (line["reason"], line["level"]) == (reason, "ERROR")
    assert SECRET not in log.getvalue()


def test_a_request_without_a_client(stored: ResourceCalls) -> None:
    """Without a client's name from the authorizer, nothing is stored or shown."""
    answer = stored(event("/v1/files", client=""))
    assert (answer.status, answer.body["error"]["code"]) == (500, "internal_error")


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/v1/files", "PUT", "GET, POST"),
        ("/v1/files/x", "POST", "GET, DELETE"),
        ("/v1/files/x/content", "POST", "GET"),
        ("/v1/uploads", "GET", "POST"),
        ("/v1/uploads/x/parts", "GET", "POST"),
    ],
)
def test_other_methods(stored: ResourceCalls, path: str, method: str, allowed: str) -> None:
    """A method that a path does not have gets a 405 that names those that it has."""
    answer = stored(event(path, method=method))
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
