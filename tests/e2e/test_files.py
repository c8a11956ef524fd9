"""Files and uploads on the deployed stack, with OpenAI's SDKs and with other bodies."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI

from local.stack.local_stack import LocalStack
from tests.e2e.clients_command import created, files, run

LINES = b'{"custom_id":"a line of a file"}\n{"custom_id":"2"}\n'
LARGE_BYTES = 50_000_000
# Bodies that OpenAI's SDKs, browsers and curl send.
BOUNDARIES = [
    "0123456789abcdef0123456789abcdef",
    "----formdata-undici-012345678901",
    f"{'-' * 24}0123456789abcdef",
]


@pytest.fixture
def client_id() -> str:
    """A client of this test's own."""
    return f"files-{uuid.uuid4()}"


@pytest.fixture
def owner(stack: LocalStack, sdk: OpenAI, client_id: str) -> Iterator[OpenAI]:
    """The SDK with the client's key. The client is deleted with its files afterwards."""
    yield sdk.with_options(api_key=created(stack, client_id))
    assert run(stack, "delete", client_id, "--files", "--yes").exit_code == 0


def sent(stack: LocalStack, owner: OpenAI, content: bytes | Iterator[bytes], boundary: str) -> httpx.Response:
    """The answer to a body of a form, sent as it is."""
    headers = {
        "authorization": f"Bearer {owner.api_key}",
        "content-type": f"multipart/form-data; boundary={boundary}",
    }
    with httpx.Client(trust_env=False, timeout=60) as http:
        return http.post(f"{stack.base_url}/files", content=content, headers=headers)


def test_the_life_of_a_file(owner: OpenAI) -> None:
    """Created, retrieved, read, listed, deleted, gone; each answer has its request id."""
    made = owner.files.create(file=("lines.jsonl", LINES), purpose="batch")
    assert (made.filename, made.bytes, made.purpose, made.status) == (
        "lines.jsonl",
        len(LINES),
        "batch",
        "processed",
    )
    assert made.expires_at == made.created_at + 30 * 86_400
    assert made._request_id
    assert owner.files.retrieve(made.id) == made
    assert owner.files.content(made.id).content == LINES
    assert [file.id for file in owner.files.list()] == [made.id]
    assert owner.files.wait_for_processing(made.id).id == made.id
    assert owner.files.delete(made.id).deleted
    for call in (owner.files.retrieve, owner.files.content, owner.files.delete):
        with pytest.raises(NotFoundError) as caught:
            call(made.id)
        assert caught.value.request_id
        assert f"No such File object: {made.id}" in caught.value.message


@pytest.mark.parametrize(
    ("file", "filename"),
    [
        (LINES, "upload"),
        (io.BytesIO(LINES), "upload"),
        (('jöb "1";.jsonl', LINES), 'jöb "1";.jsonl'),
        ((None, LINES), "upload"),
        (("a.jsonl", LINES, "text/plain"), "a.jsonl"),
    ],
    ids=["bytes", "a stream", "an odd name", "no name", "a type"],
)
def test_what_the_sdk_takes_for_a_file(owner: OpenAI, file: Any, filename: str) -> None:
    """The content is the same, whatever the SDK makes of it."""
    made = owner.files.create(
        file=file, purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (made.filename, owner.files.content(made.id).content) == (filename, LINES)
    assert made.expires_at == made.created_at + 3600


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "chunked"])
@pytest.mark.parametrize("is_first", [False, True], ids=["file last", "file first"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_bodies(stack: LocalStack, owner: OpenAI, boundary: str, is_first: bool, is_chunked: bool) -> None:
    """Every order, boundary and transfer brings the same bytes, also those that look like a boundary."""
    content = f"\r\n--{boundary[:-1]}\r\n--\r\n".encode() * 3
    file = b'name="file"; filename="a.jsonl"\r\nContent-Type: application/octet-stream\r\n\r\n' + content
    parts = [b'name="purpose"\r\n\r\nbatch', file]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n"
        for part in (parts[::-1] if is_first else parts)
    )
    body += f"--{boundary}--\r\n".encode()
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    answer = sent(stack, owner, pieces if is_chunked else body, boundary)
    assert answer.status_code == 200, answer.text
    assert owner.files.content(answer.json()["id"]).content == content


def test_refused_files(stack: LocalStack, owner: OpenAI) -> None:
    """A wrong purpose, an empty file and a broken form are 400s, one that is too large a 413. Each has its request id."""
    for purpose in ("fine-tune", "assistants", "evals"):
        with pytest.raises(BadRequestError) as refused:
            owner.files.create(file=LINES, purpose=purpose)
        assert (refused.value.param, bool(refused.value.request_id)) == ("purpose", True)
    with pytest.raises(BadRequestError) as refused:
        owner.files.create(file=("a.jsonl", b""), purpose="batch")
    assert refused.value.param == "file"
    assert sent(stack, owner, b"--b\r\n", "b").status_code == 400
    with pytest.raises(APIStatusError) as too_large:
        owner.files.create(file=b"x" * 5_000_000, purpose="batch")
    assert (too_large.value.status_code, too_large.value.code) == (413, "request_too_large")
    assert "part_size=4_000_000" in too_large.value.message
    assert list(owner.files.list()) == []


def test_another_clients_file(stack: LocalStack, owner: OpenAI, sdk: OpenAI) -> None:
    """It does not exist for others, whatever they try."""
    made = owner.files.create(file=LINES, purpose="batch")
    upload = owner.uploads.create(bytes=3, filename="a", mime_type="b", purpose="batch")
    other = sdk.with_options(api_key=created(stack, "files-other"))
    tries: list[Callable[[], object]] = [
        lambda: other.files.retrieve(made.id),
        lambda: other.files.content(made.id),
        lambda: other.files.delete(made.id),
        lambda: other.uploads.parts.create(upload.id, data=b"abc"),
        lambda: other.uploads.complete(upload.id, part_ids=["part_1"]),
        lambda: other.uploads.cancel(upload.id),
    ]
    for attempt in tries:
        with pytest.raises(NotFoundError):
            attempt()
    assert list(other.files.list()) == []
    assert owner.files.content(made.id).content == LINES


def test_pages(owner: OpenAI) -> None:
    """The SDK's loop over pages shows every file once, also if it deletes them."""
    made = [owner.files.create(file=LINES, purpose="batch").id for _ in range(5)]
    assert sorted(file.id for file in owner.files.list(limit=2)) == sorted(made)
    assert [file.id for file in owner.files.list(limit=2, order="asc")] == sorted(made)
    for file in owner.files.list(limit=2):
        owner.files.delete(file.id)
    assert list(owner.files.list()) == []


def test_50_mb_in_parts(owner: OpenAI, tmp_path: Path) -> None:
    """The SDK for Python sends a large file in parts, and reads it again from S3."""
    path = tmp_path / "large.jsonl"
    path.write_bytes(b"".join(number.to_bytes(4, "big") for number in range(LARGE_BYTES // 4)))
    upload = owner.uploads.upload_file_chunked(
        file=path, mime_type="application/jsonl", purpose="batch", part_size=4_000_000
    )
    assert upload.status == "completed"
    assert upload.file is not None
    assert (upload.file.filename, upload.file.bytes) == ("large.jsonl", LARGE_BYTES)
    assert owner.files.content(upload.file.id).content == path.read_bytes()
    with owner.files.with_streaming_response.content(upload.file.id) as response:
        assert b"X-Amz-Signature" in response.http_request.url.query  # of S3


def test_a_default_part(owner: OpenAI) -> None:
    """The SDK's default part is too large, and the 413 says which size to use."""
    with pytest.raises(APIStatusError) as refused:
        owner.uploads.upload_file_chunked(
            file=b"x" * 9_000_000, filename="a.jsonl", bytes=9_000_000, mime_type="b", purpose="batch"
        )
    assert refused.value.status_code == 413
    assert "part_size=4_000_000" in refused.value.message


def test_wrong_parts(owner: OpenAI) -> None:
    """A wrong sum, order or hash is a 400, and the upload can still be completed or cancelled."""
    upload = owner.uploads.create(bytes=6, filename="a", mime_type="b", purpose="batch")
    ids = [owner.uploads.parts.create(upload.id, data=data).id for data in (b"abc", b"def")]
    right = hashlib.md5(b"abcdef", usedforsecurity=False).hexdigest()
    for part_ids, md5 in ((ids[:1], right), ([*ids, ids[0]], right), (ids, "0" * 32), (ids[::-1], right)):
        with pytest.raises(BadRequestError):
            owner.uploads.complete(upload.id, part_ids=part_ids, md5=md5)
    file = owner.uploads.complete(upload.id, part_ids=ids[::-1]).file
    assert file is not None
    assert owner.files.content(file.id).content == b"defabc"
    with pytest.raises(BadRequestError):
        owner.uploads.cancel(upload.id)
    other = owner.uploads.create(bytes=6, filename="a", mime_type="b", purpose="batch")
    assert [owner.uploads.cancel(other.id).status for _ in range(2)] == ["cancelled", "cancelled"]


def test_node(stack: LocalStack, owner: OpenAI, tmp_path: Path) -> None:
    """The Node SDK sends streams and files, 50 MB in parts, and loops over pages that it empties."""
    script = Path(__file__).parent / "node" / "files.mjs"
    env = {
        **os.environ,
        "BASE_URL": stack.base_url,
        "API_KEY": owner.api_key,
        "FOLDER": str(tmp_path),
        "LARGE_BYTES": str(LARGE_BYTES),
        "NO_PROXY": "*",
    }
    ended = subprocess.run(
        ["node", str(script)], env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    line = '{"custom_id":"1"}\n'
    assert [(file["filename"], file["bytes"], file["content"]) for file in seen["small"]] == [
        (name, len(line), line) for name in ("small.jsonl", "to-file.jsonl", "file.jsonl")
    ]
    assert seen["large"] == {"status": "completed", "bytes": LARGE_BYTES, "parts": 13, "same": True}
    assert seen["cancelled"] == "cancelled"
    assert sorted(seen["listed"]) == ["file.jsonl", "large.jsonl", "small.jsonl", "to-file.jsonl"]
    assert seen["left"] == []


def test_operators_files(stack: LocalStack, owner: OpenAI, client_id: str, tmp_path: Path) -> None:
    """A file that an operator sends is the client's. A client with files is not deleted without --files."""
    path = tmp_path / "lines.jsonl"
    path.write_bytes(LINES)
    file_id = files(stack, "upload", str(path), "--client", client_id).stdout.strip()
    assert owner.files.content(file_id).content == LINES
    made = owner.files.create(file=("lines.jsonl", LINES), purpose="batch")
    assert {made.id, file_id} <= set(files(stack, "list", "--client", client_id).stdout.split())
    refused = run(stack, "delete", client_id, "--yes")
    assert (refused.exit_code, "2 files" in refused.output) == (1, True)
    assert files(stack, "delete", "--client", client_id, "--yes", made.id).exit_code == 0
    assert [file.id for file in owner.files.list()] == [file_id]
