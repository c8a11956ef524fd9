"""A batch's life, step by step: what it sends, what it counts, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from resource_items import batch_lines, batch_state, ids
from resource_items.batch_lines import Line
from tests.unit.batch_steps import batch_world
from tests.unit.batch_steps.batch_world import CLIENT, FILES, RECORDS, RESULTS, START, BatchWorld
from tests.unit.batch_steps.input_lines import jsonl, line


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchWorld]:
    with batch_world.fresh(monkeypatch) as made:
        yield made


def named(*numbers: int) -> list[str]:
    return [f"id-{number}" for number in numbers]


def test_a_whole_life(world: BatchWorld) -> None:
    """Each line is sent and paid for once. Answers and errors are in their files, and the counts are theirs."""
    world.worker = lambda number: 400 if number % 10 == 0 else 200
    batch = world.of(120)
    world.run()
    state = world.state(batch)
    assert (state["status"], state["total_lines"], state["model"]) == ("completed", "120", "m")
    assert (state["completed_lines"], state["failed_lines"]) == ("108", "12")
    assert world.paid == list(range(1, 121))
    assert world.custom_ids(batch, "output") == named(*(n for n in range(1, 121) if n % 10))
    assert world.custom_ids(batch, "error") == named(*range(10, 121, 10))
    assert (state["prompt_tokens"], state["completion_tokens"]) == ("1080", "540")
    assert (state["cached_tokens"], state["reasoning_tokens"]) == ("432", "216")
    times = [int(state[f"{status}_at"]) for status in ("in_progress", "finalizing", "completed")]
    assert START < times[0] <= times[1] <= times[2] == int(world.now)
    assert not {"failed_at", "expired_at", "cancelling_at", "cancelled_at", "lease_owner"} & state.keys()


@pytest.mark.parametrize("status", [200, 400])
def test_one_kind_of_result(world: BatchWorld, status: int) -> None:
    """A file without lines does not exist. A batch whose every line failed is completed."""
    world.worker = lambda _: status
    batch = world.of(3)
    world.run()
    assert world.state(batch)["status"] == "completed"
    expected = named(1, 2, 3)
    assert world.custom_ids(batch, "output" if status == 200 else "error") == expected
    assert world.file(batch, "error" if status == 200 else "output") is None


def test_bad_lines(world: BatchWorld) -> None:
    """A batch with a bad line fails. Every bad line is named, and nothing is sent."""
    batch = world.create(jsonl(line("a"), 1, line("a")))
    world.run()
    state = world.state(batch)
    assert state["status"] == "failed"
    assert state.keys().isdisjoint({"in_progress_at", "total_lines", "has_errors_object"})
    assert [(error["code"], error["line"]) for error in json.loads(state["errors"])] == [
        ("invalid_json_line", 2),
        ("duplicate_custom_id", 3),
    ]
    assert world.sqs.jobs == []


def test_many_bad_lines(world: BatchWorld) -> None:
    """All of them are in S3, since an item has not room for all. The state has the first ones."""
    batch = world.create(jsonl(*range(30)))
    world.run()
    state = world.state(batch)
    assert [error["line"] for error in json.loads(state["errors"])] == list(range(1, 21))
    assert state["has_errors_object"] == "1"
    errors = world.s3.get_object(Bucket=FILES, Key=batch_state.errors_key(batch.id))["Body"].read()
    assert [error["line"] for error in json.loads(errors)] == list(range(1, 31))


def test_a_deleted_input(world: BatchWorld) -> None:
    """A batch whose file was deleted before it was checked fails, and says so."""
    batch = world.of(1)
    world.s3.delete_object(Bucket=FILES, Key=world.state(batch)["input_key"])
    world.run()
    state = world.state(batch)
    assert (state["status"], json.loads(state["errors"])[0]["param"]) == ("failed", "input_file_id")


@pytest.mark.parametrize(("policy", "rate"), [({}, 600), ({"requests_per_minute": 25}, 25)])
def test_the_rate(world: BatchWorld, policy: dict[str, int], rate: int) -> None:
    """No minute gets more lines than the client's rate, or else the environment's."""
    world.client(**policy)
    batch = world.of(60 if policy else 700)
    world.step_until_sent(batch)
    times = [job["at"] for job in world.sqs.jobs]
    assert len(times) == len({job["Id"] for job in world.sqs.jobs})
    assert all(sum(at <= other < at + 59 for other in times) <= rate for at in times)
    assert max(times) - min(times) <= 61 * (len(times) // rate)


def test_expiry(world: BatchWorld) -> None:
    """At the deadline the batch keeps what was answered, and each other line has an error."""
    world.worker = lambda number: 200 if number <= 4 else 400 if number == 5 else None
    batch = world.of(130)
    world.step_until_sent(batch)
    world.work()
    world.now = batch.deadline - 300
    world.run()
    state = world.state(batch)
    assert state["status"] == "expired"
    assert batch.deadline <= int(state["expired_at"]) < batch.deadline + 60
    assert state.keys().isdisjoint({"finalizing_at", "completed_at"})
    assert world.custom_ids(batch, "output") == named(1, 2, 3, 4)
    assert world.custom_ids(batch, "error") == named(*range(5, 131))
    errors = world.file(batch, "error") or []
    assert {error["error"]["code"] for error in errors[1:]} == {"batch_expired"}
    assert all(error["response"] is None for error in errors[1:])
    assert (state["completed_lines"], state["failed_lines"]) == ("4", "126")


@pytest.mark.parametrize("deleted", ["input_key", "index_key", None])
def test_expiry_without_the_input(world: BatchWorld, deleted: str | None) -> None:
    """If the input or its index was deleted, the errors cannot name custom ids."""
    world.worker = lambda _: None
    batch = world.of(2)
    world.step()
    if deleted is not None:
        world.s3.delete_object(Bucket=FILES, Key=world.state(batch)[deleted])
    world.now = batch.deadline - 1
    world.run()
    assert world.custom_ids(batch, "error") == (named(1, 2) if deleted is None else [None, None])


def test_cancel(world: BatchWorld) -> None:
    """A cancelled batch keeps what was answered. What was not run is in no file."""
    world.worker = lambda number: 200 if number <= 30 else None
    batch = world.of(120)
    world.step_until_sent(batch)
    world.work()
    world.set_status(batch, "cancelling")
    world.run()
    state = world.state(batch)
    assert (state["status"], state["completed_lines"], state["failed_lines"]) == ("cancelled", "30", "0")
    assert world.custom_ids(batch, "output") == named(*range(1, 31))
    assert world.file(batch, "error") is None


def test_cancel_waits_for_lines_in_progress(world: BatchWorld) -> None:
    """A line that a worker has is waited for, until the worker's lease ends. What was paid for is kept."""
    world.worker = lambda _: None
    batch = world.of(3)
    world.step_until_sent(batch)
    answered, died = Line(batch.id, 1), Line(batch.id, 2)
    world.lease(answered, world.now + 200)
    world.lease(died, world.now + 200)
    until = world.now + 200
    world.set_status(batch, "cancelling")
    for _ in range(4):
        world.step()
    assert world.state(batch)["status"] == "cancelling"
    world.dynamodb.delete_item(TableName=RECORDS, Key={"job": {"S": answered.job_key}})
    world.worker = lambda _: 200
    world.answer(answered)
    world.run()
    assert world.state(batch)["status"] == "cancelled"
    assert until < world.now < until + 60
    assert world.custom_ids(batch, "output") == named(1)


def test_cancel_while_validating(world: BatchWorld) -> None:
    """Nothing is sent."""
    batch = world.of(3)
    world.set_status(batch, "cancelling")
    world.run()
    assert (world.state(batch)["status"], world.sqs.jobs) == ("cancelled", [])
    assert "in_progress_at" not in world.state(batch)


def test_cancel_during_a_step(world: BatchWorld) -> None:
    """A step that finds another status than the one that it began with leaves it alone."""
    batch = world.of(3)
    put = world.s3.put_object

    def cancelled_meanwhile(**parameters: object) -> object:
        world.set_status(batch, "cancelling")
        return put(**parameters)  # type: ignore[arg-type]

    world.s3.put_object = cancelled_meanwhile  # type: ignore[method-assign, assignment]
    world.step()
    assert world.state(batch)["status"] == "cancelling"
    world.run()
    assert world.state(batch)["status"] == "cancelled"


def test_cancel_while_files_are_written(world: BatchWorld) -> None:
    """A batch whose caller was told that it is being cancelled ends as cancelled, with all that was answered."""
    batch = world.of(20)
    put = world.dynamodb.update_item

    def cancelled_meanwhile(**parameters: Any) -> Any:
        if "output_is_done" in parameters["ExpressionAttributeNames"].values():
            world.dynamodb.update_item = put  # type: ignore[method-assign]
            world.set_status(batch, "cancelling")
        return put(**parameters)

    world.dynamodb.update_item = cancelled_meanwhile  # type: ignore[method-assign]
    world.run()
    assert world.state(batch)["status"] == "cancelled"
    assert "completed_at" not in world.state(batch)
    assert world.custom_ids(batch, "output") == named(*range(1, 21))


def test_a_suspended_client(world: BatchWorld) -> None:
    """Its batches stop like cancelled ones."""
    world.worker = lambda number: 200 if number <= 2 else None
    batch = world.of(5)
    world.step_until_sent(batch)
    world.work()
    world.suspend()
    world.run()
    state = world.state(batch)
    assert (state["status"], state["completed_lines"]) == ("cancelled", "2")
    assert "cancelling_at" in state


def test_a_client_that_was_created_again(world: BatchWorld) -> None:
    """A batch of the earlier client of that name sends no line from then on, and gives the later one no file."""
    batch = world.of(5)
    world.step()
    world.client_again()
    world.run()
    assert world.state(batch)["status"] == "cancelled"
    assert world.paid == []
    assert world.sqs.jobs == []


def test_a_large_answer(world: BatchWorld) -> None:
    """An answer that is in S3 is in the output, too."""
    batch = world.of(2)
    world.worker = lambda number: None if number == 1 else 200
    world.step_until_sent(batch)
    line_1 = Line(batch.id, 1)
    text = batch_world.result_line(line_1, 200)
    world.s3.put_object(Bucket=RESULTS, Key="results/1", Body=text.encode())
    item = {"job": {"S": line_1.job_key}, "answer_key": {"S": "results/1"}}
    world.dynamodb.put_item(TableName=RECORDS, Item=item)
    world.worker = lambda _: 200
    world.answer(line_1)
    world.run()
    assert world.custom_ids(batch, "output") == named(1, 2)


def test_a_lost_answer(world: BatchWorld) -> None:
    """A line that was counted, but has no answer, gets an error."""
    batch = world.of(2)
    world.step_until_sent(batch)
    world.work()
    world.dynamodb.delete_item(TableName=RECORDS, Key={"job": {"S": Line(batch.id, 2).job_key}})
    world.run()
    assert world.state(batch)["status"] == "completed"
    (error,) = world.file(batch, "error") or []
    assert (error["custom_id"], error["error"]["code"]) == ("id-2", "internal_error")


@pytest.mark.parametrize("kept_s", [None, 3600])
def test_when_files_expire(world: BatchWorld, kept_s: int | None) -> None:
    """The files of results are kept as long as the caller asked for, else 30 days."""
    batch = world.of(1, output_kept_s=kept_s)
    world.run()
    file_id = world.state(batch)["output_file_id"]
    key = {"owner": {"S": CLIENT}, "id": {"S": f"file#{file_id}"}}
    item = world.dynamodb.get_item(TableName=batch_world.RESOURCES, Key=key)["Item"]
    assert int(item["expires_at"]["N"]) - int(item["created_at"]["N"]) == (kept_s or 30 * 86_400)


def test_few_messages(world: BatchWorld) -> None:
    """Messages that come in between do not make more messages: in the end there is one."""
    world.worker = lambda _: None
    batch = world.of(3)
    for _ in range(10):
        world.sqs.put(json.dumps({"batch": batch.id}), 30)
    for _ in range(30):
        world.step()
    assert len(world.sqs.steps) == 1


def test_a_step_in_progress(world: BatchWorld) -> None:
    """A message that comes while another step has the batch comes again soon, and does nothing."""
    batch = world.of(3)
    world.dynamodb.update_item(
        TableName=batch_world.RESOURCES,
        Key=batch_state.key(batch.id),
        UpdateExpression="SET lease_owner = :o, lease_until = :u",
        ExpressionAttributeValues={":o": {"S": "other"}, ":u": {"N": str(int(world.now) + 25)}},
    )
    world.step()
    assert world.state(batch)["status"] == "validating"
    assert world.logged()[-1]["held_elsewhere"] is True
    world.run()
    assert world.state(batch)["status"] == "completed"


def test_a_batch_that_does_not_exist_yet(world: BatchWorld) -> None:
    """Its message comes again for a minute, and is then dropped."""
    batch = world.of(1)
    item = world.dynamodb.get_item(TableName=batch_world.RESOURCES, Key=batch_state.key(batch.id))["Item"]
    world.dynamodb.delete_item(TableName=batch_world.RESOURCES, Key=batch_state.key(batch.id))
    world.step()
    world.dynamodb.put_item(TableName=batch_world.RESOURCES, Item=item)
    world.run()
    assert world.state(batch)["status"] == "completed"
    world.sqs.put('{"batch": "batch_1"}', 0)
    world.run()
    assert world.logged()[-1]["missing"] is True
    assert {line["level"] for line in world.logged()} == {"INFO"}


def test_a_batch_that_is_never_made(world: BatchWorld) -> None:
    """Of two requests that make one batch together, the other's message is dropped after a minute, without an error line."""
    world.sqs.put(batch_lines.step_message(ids.new(ids.BATCH, world.now)), 1)
    world.run()
    assert world.now - batch_world.START >= 60
    assert all(line["missing"] and line["level"] == "INFO" for line in world.logged())


def test_a_message_that_is_none(world: BatchWorld) -> None:
    """It is logged and dropped. Its text is not in the log."""
    world.sqs.put('{"batch": "a secret text"}', 0)
    world.run()
    assert world.logged()[-1]["fault_class"] == "MalformedStepError"
    assert "secret" not in world.log.getvalue()


def test_a_batch_whose_steps_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """After many attempts it is given up, so that its caller does not wait for ever."""
    settings = batch_world.SETTINGS._replace(max_attempts=3)
    with batch_world.fresh(monkeypatch, settings=settings) as world:
        batch = world.of(1)

        def failing(**_: object) -> None:
            raise ConnectionError("a secret text")

        world.s3.get_object = failing  # type: ignore[method-assign, assignment]
        world.run()
        assert world.state(batch)["status"] == "failed"
        assert [entry["attempts"] for entry in world.logged()] == [1, 2, 3, 4]
        assert [entry["level"] for entry in world.logged()] == ["ERROR"] * 3 + ["INFO"]
        assert "secret" not in world.log.getvalue()


def test_the_log(world: BatchWorld) -> None:
    """Each step has a line with the batch's id and the client's, and nothing of the lines."""
    batch = world.of(3)
    world.run()
    for entry in world.logged():
        assert (entry["message"], entry["batch"], entry["client"]) == ("batch step", batch.id, CLIENT)
    assert "id-1" not in world.log.getvalue()
    assert world.logged()[-1]["batch_status"] == "completed"


def test_out_of_time(world: BatchWorld) -> None:
    """A step that runs out of time keeps its progress, and the next one goes on."""
    ticks = iter(range(100_000))
    world.timer = lambda: next(ticks) * 3.0
    batch = world.of(210)
    world.run()
    assert world.state(batch)["status"] == "completed"
    assert world.paid == list(range(1, 211))
    assert world.custom_ids(batch, "output") == named(*range(1, 211))


def test_out_of_time_without_a_part(world: BatchWorld) -> None:
    """A file whose lines take many steps and fill no part is ended, too. Its lines and tokens are counted once."""
    world.client(requests_per_minute=700)
    world.worker = lambda number: 200 if number in (2, 450) else 400 if number in (1, 301) else None
    batch = world.of(700)
    world.step_until_sent(batch)
    world.work()
    world.set_status(batch, "cancelling")
    ticks = iter(range(100_000))
    world.timer = lambda: next(ticks) * 5.0
    world.run()
    state = world.state(batch)
    assert (state["status"], state["completed_lines"], state["failed_lines"]) == ("cancelled", "2", "2")
    assert world.custom_ids(batch, "output") == named(2, 450)
    assert world.custom_ids(batch, "error") == named(1, 301)
    assert state["prompt_tokens"] == "20"
