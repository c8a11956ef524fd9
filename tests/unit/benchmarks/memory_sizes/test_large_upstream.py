"""The upstream sends the largest answers, and takes the place of AWS's stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from benchmarks.memory_sizes import (
    large_answers,
    large_requests,
    large_stores,
    large_upstream,
    resource_events,
)
from benchmarks.memory_sizes.large_answers import Wanted
from benchmarks.memory_sizes.large_json import OBJECTS, SMALL, TEXT
from benchmarks.memory_sizes.large_requests import CONVERSE, NATIVE
from resource_items import batch_state, table
from resource_items.upload_item import Part, Upload

CHAT = "/openai/v1/chat/completions"
SIZE_BYTES = 10_000


@pytest.fixture(scope="module")
def connection() -> Iterator[HTTPConnection]:
    with large_upstream.running() as address:
        connection = HTTPConnection(address)
        yield connection
        connection.close()


def sent(connection: HTTPConnection, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    return connection.getresponse().read()


def operation(connection: HTTPConnection, name: str, **parameters: Any) -> Any:
    target = f"DynamoDB_20120810.{name}"
    return json.loads(sent(connection, "POST", "/", json.dumps(parameters).encode(), x_amz_target=target))


def test_completion(connection: HTTPConnection) -> None:
    """The answer has the size that the model's name says."""
    body = large_requests.body(SMALL, 0, answer=TEXT, answer_bytes=SIZE_BYTES)
    answer = sent(connection, "POST", CHAT, body)
    assert 0.9 * SIZE_BYTES < len(answer) <= SIZE_BYTES
    assert json.loads(answer)["choices"][0]["finish_reason"] == "stop"


def test_converse(connection: HTTPConnection) -> None:
    """On Converse, the model is in the path."""
    path = f"/model/{large_model(OBJECTS)}/converse"
    answer = json.loads(sent(connection, "POST", path, b"{}"))
    assert answer["stopReason"] == "tool_use"


def test_stream(connection: HTTPConnection) -> None:
    """A stream is a stream only if the request says so."""
    body = large_requests.body(SMALL, 0, answer=SMALL, answer_bytes=0, streams=True, route=NATIVE)
    assert sent(connection, "POST", CHAT, body).endswith(b"data: [DONE]\n\n")


def test_converse_stream(connection: HTTPConnection) -> None:
    """A stream of Converse has frames."""
    answer = sent(connection, "POST", f"/model/{large_model(SMALL)}/converse-stream", b"{}")
    assert b"messageStop" in answer


def test_the_largest_held_stream() -> None:
    """A streamed tool call has as many characters as an answer in one piece may have bytes, in events of 1 MiB."""
    frames = list(large_answers.converse_frames(Wanted(OBJECTS, 4 * 1024 * 1024)))
    assert len([frame for frame in frames if b"contentBlockDelta" in frame[:200]]) == 4
    assert 0.99 < sum(map(len, frames)) / (4 * 1024 * 1024) < 1.01


def large_model(kind: str) -> str:
    request = json.loads(large_requests.body(SMALL, 0, answer=kind, answer_bytes=SIZE_BYTES, route=CONVERSE))
    model: str = request["model"]
    return model


def test_upload(connection: HTTPConnection) -> None:
    """The items of the upload and of its parts can be read, and make up the upload's size."""
    key = {
        table.OWNER: {"S": large_stores.OWNER},
        table.ID: {"S": f"{table.UPLOADS}{large_stores.UPLOAD.id}"},
    }
    upload = Upload.read(operation(connection, "GetItem", Key=key)["Item"])
    parts = [Part.read(item) for item in operation(connection, "Query")["Items"]]
    assert sum(part.bytes for part in parts) == upload.bytes == 512 * 1024 * 1024


@pytest.mark.parametrize(
    ("batch", "status"),
    [(large_stores.VALIDATED, batch_state.VALIDATING), (large_stores.WRITTEN, batch_state.FINALIZING)],
)
def test_batches(connection: HTTPConnection, batch: Any, status: str) -> None:
    """A step's claim of a batch gets the batch's state."""
    item = operation(connection, "UpdateItem", Key=batch_state.key(batch.id))["Attributes"]
    assert batch_state.BatchState.read(item).status == status


def test_objects(connection: HTTPConnection) -> None:
    """S3's calls have answers: parts of an upload, and files that do not exist yet."""
    part = large_stores.PARTS[0]
    assert len(sent(connection, "GET", f"/files/{part.object_key}")) == part.bytes
    assert b"UploadId" in sent(connection, "POST", "/files/key?uploads")
    assert b"IsTruncated" in sent(connection, "GET", "/files/key?uploadId=u")
    connection.request("HEAD", "/files/key")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 404


def test_events() -> None:
    """An event of a file has at most the size that the function takes."""
    event = json.loads(resource_events.file())
    assert len(event["body"]) * 3 / 4 <= 4_500_000
