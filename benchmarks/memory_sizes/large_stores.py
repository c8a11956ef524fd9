"""DynamoDB's items and S3's objects of the largest upload and of two batches. What is written is forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from benchmarks import aws_answers
from benchmarks.memory_sizes import large_answers, large_json, large_requests
from benchmarks.memory_sizes.large_answers import Wanted
from benchmarks.memory_sizes.large_requests import ANSWER_BYTES, REQUEST_BYTES
from resource_items import batch_state, table
from resource_items.batch_item import Batch
from resource_items.table import Item
from resource_items.upload_item import Part, Upload

OWNER = "team"
# The limits of openai_resources: a part is a request's body.
_PART_BYTES, _UPLOAD_BYTES = 4_400_000, 512 * 1024 * 1024
# Lines of input, of answers, and of answers that are objects of S3. DynamoDB reads at most 16 MB at once:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_INPUT_LINES, _ANSWERS, _LARGE_ANSWERS, _INLINE_BYTES = 3, 100, 3, 160_000
_NOW_S = time.time()
_LEASED = {"lease_owner": {"S": "step"}, "lease_until": {"N": "1"}}
# Each file of results is written to its end.
_FILES = {
    batch_state.file_id(batch_state.OUTPUT): {"S": "file-1"},
    batch_state.file_id(batch_state.ERROR): {"S": "file-2"},
    "assembling_since": {"N": str(int(_NOW_S))},
}

UPLOAD = Upload.new(
    OWNER, filename="f.jsonl", purpose="batch", size_bytes=_UPLOAD_BYTES, now_s=_NOW_S, kept_s=86_400
)
PARTS = tuple(
    Part.new(UPLOAD, size_bytes=min(_PART_BYTES, _UPLOAD_BYTES - start), now_s=_NOW_S)
    for start in range(0, _UPLOAD_BYTES, _PART_BYTES)
)


def _batch() -> Batch:
    return Batch.new(OWNER, endpoint="/v1/chat/completions", input_file_id="file-0", now_s=_NOW_S)


# A batch whose lines are to be checked, and one whose files are to be written.
VALIDATED, WRITTEN = _batch(), _batch()


def operation(target: str, body: bytes) -> bytes:
    """The JSON answer to DynamoDB's operation in the header `x-amz-target`."""
    request = json.loads(body)
    name = target.rpartition(".")[2]
    if name == "UpdateItem" and request["Key"].get(table.ID) == {"S": batch_state.SORT_KEY}:
        return json.dumps({"Attributes": _state(request["Key"][table.OWNER]["S"])}).encode()
    if name == "GetItem" and table.ID in request["Key"]:
        return json.dumps({"Item": _item(request["Key"])}).encode()
    if name == "Query":
        return json.dumps({"Items": [part.item() for part in PARTS]}).encode()
    if name == "BatchGetItem":
        return json.dumps({"Responses": _records(request["RequestItems"])}).encode()
    if name in ("TransactWriteItems", "PutItem"):
        return b"{}"
    return aws_answers.answer(target.encode(), body)


def content(path: str) -> bytes:
    """An object of S3: a part of the upload, an answer, or a batch's input."""
    if "/parts/" in path:
        return bytes(_PART_BYTES)
    return _answer_line() if path.startswith("/results/") else _input()


@lru_cache(maxsize=1)
def _input() -> bytes:
    """Lines of the largest size."""
    body = large_requests.body(
        large_json.LISTS, REQUEST_BYTES - 1000, answer=large_json.SMALL, answer_bytes=0
    ).decode()
    line = '{{"custom_id":"{}","method":"POST","url":"/v1/chat/completions","body":{}}}\n'
    text = body.replace('"stream":true', '"stream":false')
    return "".join(line.format(number, text) for number in range(_INPUT_LINES)).encode()


@lru_cache(maxsize=1)
def _answer_line() -> bytes:
    """A line of results with the largest answer, as the worker writes it: in ASCII."""
    body = json.loads(large_answers.whole(Wanted(large_json.OBJECTS, ANSWER_BYTES)))
    response = {"status_code": 200, "request_id": "r", "body": body}
    return json.dumps({"id": "batch_req_1", "custom_id": "1", "response": response, "error": None}).encode()


def _state(batch_id: str) -> Item:
    """The item of a batch's state, which one step has."""
    if batch_id == VALIDATED.id:
        return {**batch_state.new(VALIDATED, "files/input"), **_LEASED}
    written = {
        batch_state.STATUS: {"S": batch_state.FINALIZING},
        batch_state.TOTAL: {"N": str(_ANSWERS)},
        **_FILES,
    }
    return {**batch_state.new(WRITTEN, "files/input"), **_LEASED, **written}


def _item(key: Mapping[str, Any]) -> Item:
    items = (UPLOAD.item(), VALIDATED.item(), WRITTEN.item())
    return next(item for item in items if item[table.ID] == key[table.ID])


def _records(asked: Mapping[str, Any]) -> dict[str, list[Item]]:
    """A job record for each line. S3 has the large answers."""
    [(name, request)] = asked.items()
    return {name: [{**key, **_kept(key["job"]["S"])} for key in request["Keys"]]}


def _kept(job_key: str) -> Item:
    """Where a line's answer is."""
    number = int(job_key.rpartition(".")[2])
    return (
        {"answer_key": {"S": "results/line"}}
        if number <= _LARGE_ANSWERS
        else {"answer_line": {"S": _inline()}}
    )


@lru_cache(maxsize=1)
def _inline() -> str:
    response = {"status_code": 200, "request_id": "r", "body": {"text": "a" * _INLINE_BYTES}}
    return json.dumps({"id": "batch_req_1", "custom_id": "1", "response": response, "error": None})
