"""Batches on the deployed stack, with OpenAI's SDK."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from openai import APIStatusError, BadRequestError, ConflictError, NotFoundError, OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e.clients_command import created, run
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from openai.types import Batch

ENDPOINT: Any = "/v1/chat/completions"
_WITHIN_S, _POLL_S = 90, 0.2
_FINAL = {"completed", "failed", "expired", "cancelled"}
REFUSED = {"standin_fault": {"status": 400}}


@pytest.fixture
def client_id() -> str:
    """A client of this test's own."""
    return f"batches-{uuid.uuid4()}"


@pytest.fixture
def owner(stack: LocalStack, sdk: OpenAI, client_id: str) -> Iterator[OpenAI]:
    """The SDK with the client's key. The client is deleted with its files afterwards."""
    yield sdk.with_options(api_key=created(stack, client_id), max_retries=0)
    assert run(stack, "delete", client_id, "--files", "--yes").exit_code == 0


def lines(count: int, **changes: Any) -> bytes:
    """A batch's input."""
    return "".join(f"{job_lines.job(f'id-{n}', f'number {n}', **changes)}\n" for n in range(count)).encode()


def made(owner: OpenAI, content: bytes, **changes: Any) -> Batch:
    """A new batch with this input."""
    file = owner.files.create(file=("in.jsonl", content), purpose="batch")
    return owner.batches.create(input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", **changes)


def reached(owner: OpenAI, batch: Batch, statuses: set[str]) -> Batch:
    """The batch when it has one of these statuses."""
    deadline = time.monotonic() + _WITHIN_S
    while (now := owner.batches.retrieve(batch.id)).status not in statuses:
        assert time.monotonic() < deadline, now
        time.sleep(_POLL_S)
    return now


def ended(owner: OpenAI, batch: Batch) -> Batch:
    """The batch when it has ended."""
    return reached(owner, batch, _FINAL)


def contents(owner: OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """The lines of a file of results by custom id. Each has a line of its own."""
    if file_id is None:
        return {}
    found = [json.loads(line) for line in owner.files.content(file_id).text.splitlines()]
    by_id = {line["custom_id"]: line for line in found}
    assert len(by_id) == len(found)
    return by_id


def test_a_whole_life(owner: OpenAI) -> None:
    """Answers are in the output file and failures in the error file, each line once. The counts and the usage are exact."""
    content = lines(25) + job_lines.job("refused", "no", **REFUSED).encode()
    batch = made(owner, content, metadata={"team": "a"})
    assert (batch.status, batch.metadata, batch.expires_at) == (
        "validating",
        {"team": "a"},
        batch.created_at + 86_400,
    )
    assert batch._request_id
    batch = ended(owner, batch)
    assert batch.status == "completed", batch
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 26, "completed": 25, "failed": 1}
    output, errors = contents(owner, batch.output_file_id), contents(owner, batch.error_file_id)
    assert output.keys() == {f"id-{number}" for number in range(25)}
    assert all(line["response"]["status_code"] == 200 and line["error"] is None for line in output.values())
    assert all("client" not in line for line in output.values())
    (refused,) = errors.values()
    assert (refused["custom_id"], refused["error"], refused["response"]["status_code"]) == (
        "refused",
        None,
        400,
    )
    assert refused["response"]["body"]["error"]["message"]
    assert batch.usage is not None
    used = [line["response"]["body"]["usage"] for line in output.values()]
    assert batch.usage.total_tokens == sum(usage["total_tokens"] for usage in used)
    assert batch.in_progress_at
    assert batch.finalizing_at
    assert batch.completed_at
    assert (batch.failed_at, batch.cancelled_at, batch.errors) == (None, None, None)
    files = {file.id: file for file in owner.files.list(purpose="batch_output")}
    assert files.keys() == {batch.output_file_id, batch.error_file_id}
    assert files[cast("str", batch.output_file_id)].filename == f"{batch.id}_output.jsonl"


def test_bad_lines(owner: OpenAI, standin: StandinControl) -> None:
    """Every bad line is named by its number, and nothing is sent."""
    standin.reset()
    good = lines(1).decode().strip()
    content = "\n".join([good, "{", good, good.replace("/v1/chat/completions", "/v1/embeddings")])
    batch = ended(owner, made(owner, content.encode()))
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
    assert batch.failed_at
    assert batch.errors is not None
    assert [(error.line, error.code) for error in batch.errors.data or []] == [
        (2, "invalid_json_line"),
        (3, "duplicate_custom_id"),
        (4, "invalid_url"),
    ]
    assert standin.counters()["requests"] == 0


def test_lists(owner: OpenAI) -> None:
    """Paging shows every batch once, newest first."""
    ids = [made(owner, lines(1)).id for _ in range(3)]
    assert [batch.id for batch in owner.batches.list(limit=2)] == ids[::-1]
    for batch in owner.batches.list():
        assert ended(owner, batch).status == "completed"


def test_cancel(owner: OpenAI, standin: StandinControl) -> None:
    """A running batch is cancelled: what was answered is kept, and what was not begun is never sent."""
    standin.reset()
    batch = made(owner, lines(30, standin_fault={"delay_s": 2}))
    reached(owner, batch, {"in_progress"})
    cancelled = owner.batches.cancel(batch.id)
    assert cancelled.status == "cancelling"
    assert owner.batches.cancel(batch.id).cancelling_at == cancelled.cancelling_at
    batch = ended(owner, batch)
    assert (batch.status, bool(batch.cancelled_at)) == ("cancelled", True)
    assert batch.request_counts is not None
    output = contents(owner, batch.output_file_id)
    assert len(output) == batch.request_counts.completed == standin.counters()["generations"]
    assert owner.batches.cancel(batch.id).status == "cancelled"


def test_cancel_what_has_ended(owner: OpenAI) -> None:
    """It is a 409."""
    batch = ended(owner, made(owner, lines(1)))
    with pytest.raises(ConflictError) as refused:
        owner.batches.cancel(batch.id)
    assert "Cannot cancel a batch with status 'completed'." in refused.value.message


def test_refused(owner: OpenAI) -> None:
    """A wrong endpoint or window is a 400, an unknown file or batch a 404, each with its request id."""
    file = owner.files.create(file=("in.jsonl", lines(1)), purpose="batch")
    wrong: list[tuple[dict[str, Any], type[APIStatusError], str]] = [
        ({"endpoint": "/v1/embeddings"}, BadRequestError, "endpoint"),
        ({"completion_window": "1h"}, BadRequestError, "completion_window"),
        ({"input_file_id": "file-none"}, NotFoundError, "input_file_id"),
    ]
    for changes, kind, param in wrong:
        whole: Any = {
            "input_file_id": file.id,
            "endpoint": ENDPOINT,
            "completion_window": "24h",
            **changes,
        }
        with pytest.raises(kind) as refused:
            owner.batches.create(**whole)
        assert (refused.value.param, bool(refused.value.request_id)) == (param, True)
    with pytest.raises(NotFoundError) as unknown:
        owner.batches.retrieve("batch_none")
    assert unknown.value.code == "batch_not_found"
    assert list(owner.batches.list()) == []


def test_another_clients_batch(stack: LocalStack, owner: OpenAI, sdk: OpenAI) -> None:
    """It does not exist for others. Neither does another client's file."""
    batch = made(owner, lines(1))
    other = sdk.with_options(api_key=created(stack, f"batches-{uuid.uuid4()}"))
    for call in (other.batches.retrieve, other.batches.cancel):
        with pytest.raises(NotFoundError):
            call(batch.id)
    with pytest.raises(NotFoundError):
        other.batches.create(input_file_id=batch.input_file_id, endpoint=ENDPOINT, completion_window="24h")
    assert list(other.batches.list()) == []
    assert ended(owner, batch).status == "completed"


def test_a_repeat(owner: OpenAI) -> None:
    """The SDK's repeat of a request gets the first batch."""
    batch = made(owner, lines(1))
    again = owner.batches.create(
        input_file_id=batch.input_file_id,
        endpoint=ENDPOINT,
        completion_window="24h",
        extra_headers={"x-stainless-retry-count": "1"},
    )
    assert again.id == batch.id
    assert ended(owner, batch).status == "completed"
