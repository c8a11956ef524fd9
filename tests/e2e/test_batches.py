"""Batches on the deployed stack, with OpenAI's SDK."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from openai import APIStatusError, BadRequestError, ConflictError, NotFoundError, OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.e2e.batch_calls import (
    ENDPOINT,
    FILENAME,
    METADATA,
    REFUSED,
    by_custom_id,
    counts,
    ended,
    lines,
    made,
    made_of,
)
from tests.e2e.clients_command import created, run
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from openai.types import Batch


@pytest.fixture
def client_id() -> str:
    """A client of this test's own."""
    return f"batches-{uuid.uuid4()}"


@pytest.fixture
def owner(stack: LocalStack, sdk: OpenAI, client_id: str) -> Iterator[OpenAI]:
    """The SDK with the client's key. The client is deleted with its files afterwards."""
    yield sdk.with_options(api_key=created(stack, client_id), max_retries=0)
    assert run(stack, "delete", client_id, "--files", "--yes").exit_code == 0


@pytest.fixture
def complete(owner: OpenAI) -> Batch:
    """A batch of 25 lines that were answered and one that Bedrock refused."""
    content = lines(25) + job_lines.job("refused", "no", **REFUSED).encode()
    return ended(owner, made(owner, content, metadata={"team": METADATA}))


def test_a_whole_life(owner: OpenAI, complete: Batch) -> None:
    """The batch has its times and exact counts. Its files are listed."""
    assert (complete.status, counts(complete)) == ("completed", (26, 25, 1))
    assert (complete.metadata, complete.expires_at) == ({"team": METADATA}, complete.created_at + 86_400)
    assert complete._request_id
    assert complete.in_progress_at
    assert complete.finalizing_at
    assert complete.completed_at
    assert (complete.failed_at, complete.cancelled_at, complete.errors) == (None, None, None)
    files = {file.id: file for file in owner.files.list(purpose="batch_output")}
    assert files.keys() == {complete.output_file_id, complete.error_file_id}
    assert files[cast("str", complete.output_file_id)].filename == f"{complete.id}_output.jsonl"


def test_results(owner: OpenAI, complete: Batch) -> None:
    """Answers are in the output file and failures in the error file, each line once. The usage is the sum."""
    output, errors = (by_custom_id(owner, id_) for id_ in (complete.output_file_id, complete.error_file_id))
    assert output.keys() == {f"id-{number}" for number in range(25)}
    assert all(line["response"]["status_code"] == 200 and line["error"] is None for line in output.values())
    assert all("client" not in line for line in output.values())
    (refused,) = errors.values()
    assert (refused["custom_id"], refused["error"]) == ("refused", None)
    assert refused["response"]["status_code"] == 400
    assert refused["response"]["body"]["error"]["message"]
    assert complete.usage is not None
    used = [line["response"]["body"]["usage"]["total_tokens"] for line in output.values()]
    assert complete.usage.total_tokens == sum(used)


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


def test_cancel_what_has_ended(owner: OpenAI) -> None:
    """It is a 409."""
    batch = ended(owner, made(owner, lines(1)))
    with pytest.raises(ConflictError) as refused:
        owner.batches.cancel(batch.id)
    assert "Cannot cancel a batch with status 'completed'." in refused.value.message


def test_refused(owner: OpenAI) -> None:
    """A wrong endpoint or window is a 400, an unknown file or batch a 404, each with its request id."""
    file = owner.files.create(file=(FILENAME, lines(1)), purpose="batch")
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
        made_of(other, batch.input_file_id)
    assert list(other.batches.list()) == []
    assert ended(owner, batch).status == "completed"


def test_a_repeat(owner: OpenAI) -> None:
    """The SDK's repeat of a request gets the first batch."""
    batch = made(owner, lines(1))
    again = made_of(owner, batch.input_file_id, extra_headers={"x-stainless-retry-count": "1"})
    assert again.id == batch.id
    assert ended(owner, batch).status == "completed"
