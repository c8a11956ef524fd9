"""How batches end that cannot go on, and other batches. All run side by side, because each of them waits."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai import NotFoundError, OpenAI

from batch_steps import progress
from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from resource_items import batch_state
from tests.e2e import batch_calls
from tests.e2e.batch_calls import (
    answered,
    by_custom_id,
    counts,
    ended,
    lines,
    made,
    made_of,
    reached,
    results,
    whole,
)
from tests.e2e.clients_command import created, succeeded
from tests.e2e.deployed_functions import STEPS, variables_changed
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from openai.types import Batch

# Of LINES lines a batch has SENT answers, and the others wait for the client's next minute.
LINES, SENT = 8, 4
SENT_IDS = {f"id-{number}" for number in range(SENT)}
UNSENT_IDS = {f"id-{number}" for number in range(SENT, LINES)}
CANCELLED, SLOW = "a line of a cancelled batch", {"standin_fault": {"delay_s": 2}}
_WITHIN_S, _POLL_S = 90, 1


@dataclass(frozen=True)
class Begun:
    """A client of its own, and its batch."""

    client_id: str
    owner: OpenAI
    batch: Batch


@dataclass(frozen=True)
class SideBySide:
    """Everything that runs at once."""

    suspended: Begun
    expired: Begun
    without_input: Begun
    cancelled: Begun
    uploaded: Begun
    blank: Begun
    node: subprocess.Popen[str]


def slow_batch(owner: OpenAI) -> Batch:
    """A batch of a client that may send SENT lines a minute."""
    return made(owner, lines(LINES))


def uploaded_batch(owner: OpenAI) -> Batch:
    """A batch whose input was sent in two parts, the first of which ends in the middle of a line."""
    content = lines(2)
    upload = owner.uploads.create(
        bytes=len(content), filename=batch_calls.FILENAME, mime_type="application/jsonl", purpose="batch"
    )
    parts = [owner.uploads.parts.create(upload.id, data=part).id for part in (content[:100], content[100:])]
    file = owner.uploads.complete(upload.id, part_ids=parts).file
    assert file is not None
    return made_of(owner, file.id)


def blank_batch(owner: OpenAI) -> Batch:
    """A batch of a file that has blank lines only."""
    return made(owner, b"\n  \n")


def cancelled_batch(owner: OpenAI) -> Batch:
    """A running batch that is cancelled."""
    batch = made(owner, whole([job_lines.job(f"id-{n}", CANCELLED, **SLOW) for n in range(30)]))
    batch = owner.batches.cancel(reached(owner, batch, {"in_progress"}).id)
    assert batch.status == "cancelling"
    return batch


def node(stack: LocalStack, key: str) -> subprocess.Popen[str]:
    """The Node SDK's batches."""
    return subprocess.Popen(
        ["node", str(Path(__file__).parent / "node" / "batches.mjs")],
        env={**os.environ, "BASE_URL": stack.base_url, "API_KEY": key, "NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Clients:
    """Makes clients. They are deleted with their files at the end."""

    stack: LocalStack
    sdk: OpenAI
    until_done: ExitStack

    def new(self, name: str, *options: str) -> tuple[str, OpenAI]:
        """The id of a new client, and the SDK with its key."""
        client_id = f"{name}-{uuid.uuid4()}"
        owner = self.sdk.with_options(api_key=created(self.stack, client_id, *options))
        self.until_done.callback(succeeded, self.stack, "delete", client_id, "--files", "--yes")
        return client_id, owner

    def with_batch(self, name: str, batch: Callable[[OpenAI], Batch], *options: str) -> Begun:
        """A new client and its batch."""
        client_id, owner = self.new(name, *options)
        return Begun(client_id, owner, batch(owner))


@pytest.fixture(scope="module")
def running(stack: LocalStack, sdk: OpenAI) -> Iterator[SideBySide]:
    """The batches when the slow ones have SENT answers."""
    with ExitStack() as until_done:
        clients = Clients(stack, sdk, until_done)
        script = node(stack, clients.new("node")[1].api_key)
        until_done.callback(script.kill)
        suspended, expired, without_input = (
            clients.with_batch(name, slow_batch, "--requests-per-minute", str(SENT))
            for name in ("suspended", "expired", "without-input")
        )
        cancelled = clients.with_batch("cancelled", cancelled_batch)
        uploaded = clients.with_batch("uploaded", uploaded_batch)
        blank = clients.with_batch("blank", blank_batch)
        for one in (suspended, expired, without_input):
            answered(one.owner, one.batch, SENT)
        succeeded(stack, "suspend", suspended.client_id, "--yes")
        yield SideBySide(suspended, expired, without_input, cancelled, uploaded, blank, script)


def test_deleted_input(stack: LocalStack, running: SideBySide) -> None:
    """The input of a running batch can be deleted. What was answered is kept, and every other line is an error."""
    owner, batch = running.without_input.owner, running.without_input.batch
    assert owner.files.delete(batch.input_file_id).deleted
    batch_calls.change_state(stack, batch, **{progress.NEXT_WINDOW_AT: 0})
    batch_calls.ask_for_step(stack, batch)
    batch = ended(owner, batch)
    assert (batch.status, counts(batch)) == ("completed", (LINES, SENT, LINES - SENT))
    assert by_custom_id(owner, batch.output_file_id).keys() == SENT_IDS
    errors = results(owner, batch.error_file_id)
    assert [(line["response"], line["error"]["code"]) for line in errors] == [
        (None, "input_file_missing")
    ] * (LINES - SENT)


def test_expired(stack: LocalStack, running: SideBySide) -> None:
    """At the end of its window a batch keeps what was answered, and each other line is an error with its custom_id."""
    owner, batch = running.expired.owner, running.expired.batch
    batch_calls.change_state(stack, batch, **{batch_state.DEADLINE: int(time.time()) - 10})
    batch_calls.ask_for_step(stack, batch)
    batch = ended(owner, batch)
    assert (batch.status, counts(batch)) == ("expired", (LINES, SENT, LINES - SENT))
    assert batch.expired_at
    assert by_custom_id(owner, batch.output_file_id).keys() == SENT_IDS
    errors = by_custom_id(owner, batch.error_file_id)
    assert errors.keys() == UNSENT_IDS
    assert {line["error"]["code"] for line in errors.values()} == {"batch_expired"}


def test_uploaded(running: SideBySide) -> None:
    """A batch runs the lines of a file that came in parts. Its output is nobody else's."""
    owner, batch = running.uploaded.owner, running.uploaded.batch
    batch = ended(owner, batch)
    assert (batch.status, counts(batch)) == ("completed", (2, 2, 0))
    assert by_custom_id(owner, batch.output_file_id).keys() == {"id-0", "id-1"}
    assert batch.output_file_id is not None
    other = running.blank.owner
    for call in (other.files.retrieve, other.files.content, other.files.delete):
        with pytest.raises(NotFoundError):
            call(batch.output_file_id)


def test_blank_file(running: SideBySide) -> None:
    """A file of blank lines has no lines."""
    batch = ended(running.blank.owner, running.blank.batch)
    assert batch.errors is not None
    assert [(error.code, error.line) for error in batch.errors.data or []] == [("empty_file", None)]
    assert (batch.status, counts(batch)) == ("failed", (0, 0, 0))


def test_node(running: SideBySide) -> None:
    """The Node SDK makes batches, polls, reads both files, lists, cancels and deletes."""
    stdout, stderr = running.node.communicate(timeout=_WITHIN_S)
    assert running.node.returncode == 0, stderr
    seen: dict[str, Any] = json.loads(stdout)
    complete = seen["whole"]
    assert (complete["status"], complete["metadata"]) == ("completed", {"team": batch_calls.METADATA})
    assert complete["counts"] == {"total": 3, "completed": 2, "failed": 1}
    assert sorted(line["custom_id"] for line in complete["output"]) == ["id-0", "id-1"]
    assert [line["response"]["status_code"] for line in complete["errors"]] == [400]
    assert complete["expires_in_s"] == 86_400
    cancelled = seen["cancelled"]
    assert (cancelled["at_once"], cancelled["status"]) == ("cancelling", "cancelled")
    assert cancelled["output"] == cancelled["completed"]
    assert sorted(seen["listed"]) == sorted([complete["id"], cancelled["id"], seen["failed"]["id"]])
    assert [(error["line"], error["code"]) for error in seen["failed"]["errors"]] == [
        (1, "invalid_json_line"),
        (3, "duplicate_custom_id"),
    ]
    assert seen["refused"] == {
        "wrong endpoint": [400, "endpoint"],
        "unknown file": [404, "input_file_id"],
        "unknown batch": [404, "id"],
        "cancel an unknown batch": [404, "id"],
        "cancel what has ended": [409, None],
    }
    assert seen["left"] == []


def test_cancelled(stack: LocalStack, running: SideBySide) -> None:
    """What was answered is kept, and what was not begun when the batch was cancelled is never sent."""
    owner, batch = running.cancelled.owner, running.cancelled.batch
    assert owner.batches.cancel(batch.id).cancelling_at == batch.cancelling_at
    batch = ended(owner, batch)
    assert (batch.status, bool(batch.cancelled_at)) == ("cancelled", True)
    with StandinControl(stack.standin_url) as standin:
        sent = [request for request in standin.requests() if CANCELLED in request["body_text"]]
    total, completed, failed = counts(batch)
    assert len(sent) == completed == len(by_custom_id(owner, batch.output_file_id)) < total
    assert (failed, batch.error_file_id) == (0, None)
    assert owner.batches.cancel(batch.id).status == "cancelled"


def test_suspended(stack: LocalStack, running: SideBySide) -> None:
    """A suspended client's batch stops like a cancelled one: it keeps what was answered, and runs nothing more."""
    one = running.suspended
    deadline = time.monotonic() + _WITHIN_S
    # A process of the function may take the client for active for a minute. New ones do not.
    with variables_changed(stack, {"RESTARTED": "1"}, [STEPS]):
        while (status := batch_calls.status(stack, one.batch)) != batch_state.CANCELLED:
            assert time.monotonic() < deadline, status
            batch_calls.ask_for_step(stack, one.batch)
            time.sleep(_POLL_S)
    succeeded(stack, "resume", one.client_id)
    batch = one.owner.batches.retrieve(one.batch.id)
    assert (batch.status, counts(batch)) == ("cancelled", (LINES, SENT, 0))
    assert by_custom_id(one.owner, batch.output_file_id).keys() == SENT_IDS
    assert batch.error_file_id is None
