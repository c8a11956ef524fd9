"""The lines of batches run as jobs: each is paid for once, stored once and counted once."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.jobs import queue_record
from chat_gateway.jobs.batch_lines import loading
from chat_gateway.jobs.batch_lines.loading import Loaded
from chat_gateway.jobs.batch_lines.open_batches import OpenBatches
from chat_gateway.jobs.lines import BATCH_LINE_ATTRIBUTE, JobMessage
from chat_gateway.jobs.vetting.vetting import JobVetting
from client_keys.policy import Policy
from resource_items import batch_lines, batch_state
from resource_items.batch_lines import Line
from tests.unit import resources_table
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs import poisoned_rehearsal
from tests.unit.chat_gateway.jobs.poisoned_rehearsal import CRASHES
from tests.unit.chat_gateway.jobs.worker.batches import (
    BUCKET,
    CLIENT,
    Batches,
    batches_of,
    encoded,
    marked,
    numbered,
    put_client,
)
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, clients, line


@pytest.fixture
def batches(stack: Stack) -> Batches:
    return batches_of(stack)


@pytest.fixture
def asked(use_bedrock: UseBedrock) -> list[dict[str, Any]]:
    """The bodies that Bedrock gets; it answers each."""
    bodies: list[dict[str, Any]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json=COMPLETION, headers={"x-amzn-requestid": "bedrock-id"})

    use_bedrock(answers)
    return bodies


def logged(log: StringIO) -> list[dict[str, Any]]:
    """The log lines of jobs."""
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    return [entry for entry in lines if entry["message"] == "job"]


def test_output_line(stack: Stack, batches: Batches, asked: list[dict[str, Any]], log: StringIO) -> None:
    """An answered line is in its record as a line of OpenAI's output file, is counted, and is sent to no queue."""
    batch = batches.new(numbered(2))
    assert batch.work([2]) == set()
    assert batch.kept(2) == {
        "id": f"batch_req_{batch.id}.2",
        "custom_id": "line-2",
        "response": {"status_code": 200, "request_id": "bedrock-id", "body": COMPLETION},
        "error": None,
    }
    assert (batch.is_error(2), batch.counted(), len(asked)) == (False, ({2}, set()), 1)
    assert (stack.results(), stack.dead_letters(), batches.steps()) == ([], [], [])
    (entry,) = logged(log)
    assert (entry["batch"], entry["line"], entry["client"]) == (batch.id, 2, CLIENT)
    assert (entry["custom_id"], entry["status"], entry["retried"]) == ("line-2", 200, False)


def test_the_attributes_name(batches: Batches) -> None:
    """The worker looks for the attribute that the splitter sets."""
    assert BATCH_LINE_ATTRIBUTE == batch_lines.MESSAGE_ATTRIBUTE


def test_each_line_gets_its_own(batches: Batches, asked: list[dict[str, Any]]) -> None:
    """Every line is run with its own request, whatever its length and line break, and also the last without a break."""
    prompts = ["short", "é" * 5000, "longer", "the last"]
    texts = [
        line(custom_id=text[:9], body={**VALID, "messages": [{"role": "user", "content": text}]})
        for text in prompts
    ]
    batch = batches.new(
        [f"{text}{end}".encode() for text, end in zip(texts, ["\n", "\r\n", "\n", ""], strict=True)]
    )
    assert batch.work() == set()
    assert [batch.kept(number)["custom_id"] for number in range(1, 5)] == [text[:9] for text in prompts]
    assert sorted(body["messages"][0]["content"] for body in asked) == sorted(prompts)


def test_counted_once(stack: Stack, batches: Batches, asked: list[dict[str, Any]]) -> None:
    """A line that comes twice, as two messages or in two deliveries, is paid for, stored and counted once."""
    batch = batches.new(numbered(3))
    records = batch.deliver([1, 2])
    stack.handle(records)
    stack.handle(again(records))
    batch.work([2, 1])
    assert (len(asked), batch.counted()) == (2, ({1, 2}, set()))


def test_step_after_the_last_line(batches: Batches, asked: list[dict[str, Any]]) -> None:
    """The next step is asked for when the lines of all chunks have been counted, and not before."""
    size = batch_lines.CHUNK_LINES
    batch = batches.new(numbered(size + 2))
    batch.put_counted(range(1, size), number=0)
    batch.work([size + 1])
    assert (batches.steps(), batch_state.FULL_CHUNKS in batch.state()) == ([], False)
    batch.work([size])
    assert (batches.steps(), batch.state()[batch_state.FULL_CHUNKS]) == ([], {"NS": ["0"]})
    batch.work([size + 2])
    assert batches.steps() == [batch.id]
    assert {int(number) for number in batch.state()[batch_state.FULL_CHUNKS]["NS"]} == {0, 1}
    assert int(batch.chunk(1)["expires_at"]["N"]) > int(batch.state()[batch_state.DEADLINE]["N"])


def test_step_that_cannot_be_asked_for(stack: Stack, batches: Batches, asked: list[dict[str, Any]]) -> None:
    """Where the queue of steps cannot be reached, the line has ended all the same."""
    batch = batches.new(numbered(1))
    stack.sqs.delete_queue(QueueUrl=batches.steps_url)
    assert (batch.work(), batch.counted()) == (set(), ({1}, set()))


ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": "bad"}


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (404, 1), (500, 5)])
def test_bedrocks_error(
    stack: Stack, batches: Batches, use_bedrock: UseBedrock, log: StringIO, status: int, attempts: int
) -> None:
    """Bedrock's error is a response in the error file, where the retries have ended in vain."""
    use_bedrock(
        lambda _: httpx.Response(status, json={"error": ERROR}, headers={"x-amzn-requestid": "bedrock-id"})
    )
    batch = batches.new(numbered(1))
    records = batch.deliver()
    for number in range(1, attempts):
        assert len(stack.handle(again(records, attempt=number))) == 1
        assert batch.counted() == (set(), set())
    assert stack.handle(again(records, attempt=attempts)) == set()
    kept = batch.kept(1)
    assert kept["response"] == {"status_code": status, "request_id": "bedrock-id", "body": {"error": ERROR}}
    assert (kept["custom_id"], kept["error"]) == ("line-1", None)
    assert (batch.is_error(1), batch.counted(), batches.steps()) == (True, (set(), {1}), [batch.id])
    assert stack.dead_letters() == []
    assert logged(log)[-1]["level"] == ("INFO" if attempts == 1 else "ERROR")


def test_own_refusal(batches: Batches, asked: list[dict[str, Any]]) -> None:
    """The gateway's own refusal is a response, too, with the request id of the line."""
    put_client(Policy(models=("qwen.*",)))
    batch = batches.new(numbered(1))
    assert batch.work() == set()
    kept = batch.kept(1)
    assert (kept["response"]["status_code"], kept["error"]) == (403, None)
    assert kept["response"]["request_id"] == f"batch_req_{batch.id}.1"
    assert kept["response"]["body"]["error"]["code"] == "model_not_allowed"
    assert (batch.counted(), asked) == ((set(), {1}), [])


def test_line_without_an_answer(stack: Stack, batches: Batches, use_bedrock: UseBedrock) -> None:
    """A line that Bedrock never answered has an error, and no response."""

    def breaks(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken")

    use_bedrock(breaks)
    batch = batches.new(numbered(1))
    records = batch.deliver()
    for number in range(1, 6):
        stack.handle(again(records, attempt=number))
    kept = batch.kept(1)
    assert (kept["response"], kept["custom_id"]) == (None, "line-1")
    assert kept["error"]["code"] == "upstream_connection_error"
    assert batch.counted() == (set(), {1})


def test_invalid_line(batches: Batches, asked: list[dict[str, Any]]) -> None:
    """A line that is no valid job, or no UTF-8, becomes an error line that says whose it is, if that can be read."""
    batch = batches.new(
        [*encoded(line(custom_id="streams", body={**VALID, "stream": True})), b'{"custom_id": "\xff"}\n']
    )
    assert batch.work() == set()
    assert [batch.kept(number)["response"]["status_code"] for number in (1, 2)] == [400, 400]
    assert batch.kept(1)["custom_id"] == "streams"
    assert (batch.counted(), asked) == ((set(), {1, 2}), [])


@pytest.mark.parametrize("pad", [500_000, 1_100_000])
def test_large_answer(stack: Stack, batches: Batches, use_bedrock: UseBedrock, pad: int) -> None:
    """An answer over 400 kB is kept whole in S3, also where SQS would not take it."""
    use_bedrock(lambda _: httpx.Response(200, json={**COMPLETION, "pad": "x" * pad}))
    batch = batches.new(numbered(1))
    records = batch.deliver()
    for delivery in (records, again(records)):
        assert stack.handle(delivery) == set()
    assert "answer_line" not in batch.record(1)
    assert len(batch.kept(1)["response"]["body"]["pad"]) == pad
    assert batch.counted() == ({1}, set())


@pytest.mark.parametrize(
    ("changes", "reason", "is_put_back"),
    [
        ({"status": batch_state.CANCELLING}, "batch cancelling", False),
        ({"status": batch_state.CANCELLED}, "batch cancelled", False),
        ({"status": batch_state.COMPLETED}, "batch completed", False),
        ({"status": batch_state.FAILED}, "batch failed", False),
        ({"deadline": "1799999999"}, "batch expired", False),
        ({"status": batch_state.VALIDATING}, "batch validating", True),
        ({"status": batch_state.VALIDATING, "deadline": "1"}, "batch validating", False),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["before loading", "after loading"])
def test_batch_that_has_ended(
    stack: Stack,
    batches: Batches,
    asked: list[dict[str, Any]],
    log: StringIO,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    reason: str,
    is_put_back: bool,
    is_late: bool,
) -> None:
    """A line of a batch that does not go on is not paid for, and is counted as neither; no record claims it."""
    batch = batches.new(numbered(1))
    if is_late:
        load = stack.state.lines().load

        def ends_the_batch(_: object, messages: Sequence[JobMessage]) -> Loaded:
            loaded = load(messages)
            batch.change(**changes)
            return loaded

        monkeypatch.setattr(type(stack.state.lines()), "load", ends_the_batch)
    else:
        batch.change(**changes)
    assert len(batch.work()) == is_put_back
    assert (batch.counted(), asked, stack.results(), stack.dead_letters()) == ((set(), set()), [], [], [])
    (entry,) = logged(log)
    assert (entry["not_run"], entry["level"], entry["retried"]) == (reason, "INFO", is_put_back)
    if is_late:
        assert (batch.record(1)["leased_until"], batch.record(1)["attempts"]) == ({"N": "0"}, {"N": "0"})


def test_claim_before_the_check(
    stack: Stack, batches: Batches, use_bedrock: UseBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is claimed when the batch's state is read for the last time before the payment.

    So whoever ends a batch and then reads the records knows which lines may still be answered.
    """
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    batch = batches.new(numbered(1))
    leases: list[str] = []
    require = OpenBatches.require

    def noting(batches: OpenBatches, batch_id: str) -> Any:
        with contextlib.suppress(KeyError):  # no record yet: the line is being loaded
            leases.append(batch.record(1)["leased_until"]["N"])
        return require(batches, batch_id)

    monkeypatch.setattr(OpenBatches, "require", noting)
    assert batch.work() == set()
    (lease,) = leases
    assert float(lease) > stack.now_s


def test_answer_of_a_cancelled_batch(stack: Stack, batches: Batches, use_bedrock: UseBedrock) -> None:
    """A line that was being answered when its batch was cancelled keeps its answer and is counted."""
    batch = batches.new(numbered(1))

    def cancelled_meanwhile(_: httpx.Request) -> httpx.Response:
        batch.change(status=batch_state.CANCELLING)
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(cancelled_meanwhile)
    assert batch.work() == set()
    assert (batch.is_error(1), batch.counted()) == (False, ({1}, set()))


@pytest.mark.parametrize(
    "attributes",
    [{"state": {"S": "suspended"}}, {"valid_until": {"N": "1"}}, {"generation": {"S": "later"}}],
)
def test_suspended_client(
    stack: Stack, batches: Batches, asked: list[dict[str, Any]], log: StringIO, attributes: dict[str, Any]
) -> None:
    """The lines of a client that is suspended, has expired, or was created again, wait, unpaid, until their batch is stopped."""
    put_client(**attributes)
    batch = batches.new(numbered(1))
    records = batch.deliver()
    assert len(stack.handle(records)) == 1
    assert logged(log)[-1]["not_run"] == "client not active"
    batch.change(status=batch_state.CANCELLED)
    assert stack.handle(again(records)) == set()
    assert (asked, batch.counted()) == ([], (set(), set()))


def test_client_that_comes_back(stack: Stack, batches: Batches, asked: list[dict[str, Any]]) -> None:
    """If the client is active again before its batch was stopped, no line is lost."""
    now = [1_000_000.0]
    table = stack.state.policies._table
    policies = ClientPolicies(ClientsTable(table.dynamodb, table.name), clock=lambda: now[0])
    stack.change(policies=policies)
    object.__setattr__(stack.state.lines().batches, "policies", policies)
    put_client(state={"S": "suspended"})
    batch = batches.new(numbered(1))
    records = batch.deliver()
    assert len(stack.handle(records)) == 1
    put_client()
    now[0] += 60
    assert (stack.handle(again(records)), batch.counted()) == (set(), ({1}, set()))


def test_policy_of_the_batchs_client(batches: Batches, stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A line has the limits of its batch's client, whoever sent the message and whomever the message names."""
    stack.change(settings=stack.state.settings._replace(senders=("AROAOWNER",), default_client="others"))
    put_client(Policy(max_completion_tokens=7))
    batch = batches.new(numbered(1))
    (record,) = batch.deliver()
    record["messageAttributes"]["client"] = {"stringValue": "team-b"}
    record["messageAttributes"]["idempotency_key"] = {"stringValue": "another"}
    assert stack.handle([record]) == set()
    assert asked[0]["max_completion_tokens"] == 7
    assert batch.counted() == ({1}, set())


@pytest.mark.parametrize("number", [3, 10**30])
def test_line_that_the_batch_lacks(
    batches: Batches, asked: list[dict[str, Any]], log: StringIO, number: int
) -> None:
    """A message of a line after the last one is dropped."""
    batch = batches.new(numbered(2))
    assert (batch.work([number]), asked, batch.counted()) == (set(), [], (set(), set()))
    assert logged(log)[-1]["not_run"] == "no such line"


def test_unknown_batch(stack: Stack, batches: Batches, asked: list[dict[str, Any]], log: StringIO) -> None:
    """A message of a batch that does not exist is dropped, and the log says so."""
    stack.send(Line("batch_unknown", 1).message())
    assert stack.handle([marked(record) for record in stack.deliver()]) == set()
    assert (logged(log)[-1]["not_run"], asked) == ("unknown batch", [])


@pytest.mark.parametrize(
    "body", [line(), "[" * 100_000, "", '{"batch": "a b", "line": 1}', '{"batch": "b", "line": true}']
)
def test_another_body_with_the_attribute(stack: Stack, asked: list[dict[str, Any]], body: str) -> None:
    """A message with the attribute whose body names no line is an ordinary job."""
    stack.state.storage.post.sqs.send_message(QueueUrl=stack.jobs_url, MessageBody=body or " ")
    records = [marked(record) for record in stack.deliver()]
    assert stack.handle(records) == set()
    (result,) = stack.results()
    assert (result["error"] is None) == (body == line())


def test_ordinary_jobs_beside_lines(stack: Stack, batches: Batches, asked: list[dict[str, Any]]) -> None:
    """Jobs and lines of one delivery get what is theirs, also where the lines cannot be loaded."""
    batch = batches.new(numbered(2))
    records = batch.deliver([1])
    stack.send(line(custom_id="a job"))
    assert stack.handle([*records, *stack.deliver()]) == set()
    batch.change(input_key="bad\0key")
    records = batch.deliver([2])
    stack.send(line(custom_id="another job"))
    assert stack.handle([*records, *stack.deliver()]) == {records[0]["messageId"]}
    assert {result["custom_id"] for result in stack.results()} == {"a job", "another job"}
    assert batch.counted() == ({1}, set())


@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize("lost", ["file", "index"])
def test_deleted_input(
    stack: Stack, batches: Batches, asked: list[dict[str, Any]], log: StringIO, lost: str, *, is_counted: bool
) -> None:
    """The lines that were not run when the input was deleted are errors at once, unpaid; what was answered stays."""
    batch = batches.new(numbered(2))
    batch.work([1])
    key = f"files/{batch.id}" if lost == "file" else batch_state.index_key(batch.id)
    stack.s3.delete_object(Bucket=BUCKET, Key=key)
    stack.state.lines().loader._indexes.clear()  # as in another worker
    if not is_counted:
        chunk = batch_lines.chunk_key(batch.id, 0)
        clients()[2].delete_item(TableName=resources_table.TABLE, Key=chunk)
    assert (batch.work(), len(asked)) == (set(), 1)
    assert batch.kept(2) == {
        "id": f"batch_req_{batch.id}.2",
        "custom_id": None,
        "response": None,
        "error": {
            "code": "input_file_missing",
            "message": "The batch's input file was deleted before this line was run.",
        },
    }
    assert (batch.is_error(1), batch.counted(), batches.steps()) == (False, ({1}, {2}), [batch.id])
    entry = next(entry for entry in logged(log) if entry["line"] == 2)
    assert (entry["error_code"], entry["client"], entry["level"]) == ("input_file_missing", CLIENT, "INFO")


def test_input_deleted_between_attempts(
    stack: Stack, batches: Batches, use_bedrock: UseBedrock, log: StringIO
) -> None:
    """A line that failed once, and whose input was then deleted, is an error, too."""
    use_bedrock(lambda _: httpx.Response(500, json={"error": ERROR}))
    batch = batches.new(numbered(1))
    records = batch.deliver()
    assert len(stack.handle(records)) == 1
    stack.s3.delete_object(Bucket=BUCKET, Key=f"files/{batch.id}")
    assert stack.handle(again(records)) == set()
    assert (batch.kept(1)["error"]["code"], batch.counted()) == ("input_file_missing", (set(), {1}))


@pytest.mark.parametrize("failing", ["load", "GetItem", "UpdateItem"])
def test_what_cannot_be_read_comes_again(
    stack: Stack, batches: Batches, asked: list[dict[str, Any]], log: StringIO, failing: str
) -> None:
    """A line that cannot be loaded or counted is put back with an error in the log, and is paid for once in the end."""
    batch = batches.new(numbered(1))
    records = batch.deliver()
    dynamodb = stack.state.lines().batches.dynamodb
    if failing == "load":
        batch.change(input_key="bad\0key")
        assert len(stack.handle(records)) == 1
        batch.change()
    else:
        with pytest.MonkeyPatch.context() as until_mended:
            call = type(dynamodb).call

            def fails(self: Any, operation: str, parameters: Any, **options: Any) -> Any:
                table = "other" if self is dynamodb and operation == failing else parameters["TableName"]
                return call(self, operation, {**parameters, "TableName": table}, **options)

            until_mended.setattr(type(dynamodb), "call", fails)
            assert len(stack.handle(records)) == 1
    assert logged(log)[-1]["level"] == "ERROR"
    assert batch.counted() == (set(), set())
    assert (stack.handle(again(records)), batch.counted(), len(asked)) == (set(), ({1}, set()), 1)


def test_lines_over_a_deliverys_size(
    stack: Stack, batches: Batches, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that together are larger than a delivery can be are put back, unread, and come again."""
    lines = numbered(3)
    monkeypatch.setattr(loading, "MAX_LOADED_BYTES", 2 * len(lines[0]))
    batch = batches.new(lines)
    records = batch.deliver()
    left = stack.handle(records)
    assert (len(left), len(asked)) == (1, 2)
    assert stack.handle([record for record in again(records) if record["messageId"] in left]) == set()
    assert batch.counted() == ({1, 2, 3}, set())


def test_line_over_the_size_of_a_request(stack: Stack, batches: Batches, asked: list[dict[str, Any]]) -> None:
    """A line that is too large is refused as a request is, and no more than a delivery's size of it is read."""
    stack.change(upstream=stack.state.upstream._replace(max_request_bytes=1000))
    batch = batches.new(encoded(line(custom_id="large", pad="x" * 1000)))
    assert batch.work() == set()
    assert batch.kept(1)["response"]["status_code"] == 413
    assert (batch.kept(1)["custom_id"], asked) == ("large", [])


def test_deadly_line(stack: Stack, batches: Batches, asked: list[dict[str, Any]]) -> None:
    """A line that kills its worker becomes an error line with its custom_id, and the lines beside it are answered."""
    settings = stack.state.settings._replace(max_attempts=2)
    stack.change(settings=settings, vetting=JobVetting(command=poisoned_rehearsal.COMMAND))
    poison = line(custom_id="deadly", body={**VALID, "messages": [{"role": "user", "content": CRASHES}]})
    batch = batches.new([*numbered(1), *encoded(poison)])
    records = batch.deliver()
    for record in records:
        stack.storage.records.claim(_loaded(stack, record), owner="killed", lease_s=300)
    stack.now_s += 303
    assert stack.handle(again(records)) == set()
    assert (batch.counted(), len(asked)) == (({1}, {2}), 1)
    kept = batch.kept(2)
    assert (kept["custom_id"], kept["response"], kept["error"]["code"]) == ("deadly", None, "workers_died")


def _loaded(stack: Stack, record: dict[str, Any]) -> Any:
    (message,) = stack.state.lines().load([queue_record.read(record)]).messages
    return message


def test_deleted_batch(stack: Stack, batches: Batches, use_bedrock: UseBedrock) -> None:
    """A batch whose items are deleted while a line is answered is not created again."""
    batch = batches.new(numbered(1))

    def deleted_meanwhile(_: httpx.Request) -> httpx.Response:
        clients()[2].delete_item(TableName=resources_table.TABLE, Key=batch_state.key(batch.id))
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(deleted_meanwhile)
    assert batch.work() == set()
    assert batch.state() == {}


def test_ordinary_jobs_import_nothing() -> None:
    """The worker's import brings in no code for lines of batches; the job tests fail if a job asks for it."""
    code = "import sys; import chat_gateway.jobs.worker; print(*sys.modules)"
    paths = [path for path in sys.path if path]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(paths), "AWS_DEFAULT_REGION": "us-east-1"},
        check=True,
        capture_output=True,
        text=True,
    )
    imported = {
        name
        for name in done.stdout.split()
        if name.startswith(("resource_items", "chat_gateway.jobs.batch_lines"))
    }
    assert imported == set()
