"""`chat-gateway trace` against moto's logs and tables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from click.testing import CliRunner, Result
from moto import mock_aws

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from gateway_cli.trace import events, log_search, story
from gateway_cli.trace.events import CHAT, WORKER
from gateway_cli.trace.log_search import LogSearch
from resource_items import batch_lines, batch_state
from resource_items import table as resource_table
from resource_items.batch_item import Batch
from tests.unit import moto_tables
from tests.unit.gateway_cli.outputs import OUTPUTS
from tests.unit.gateway_cli.trace.log_lines import completion, job, step

GROUPS: dict[str, Any] = {
    "access_log_group": "access",
    "authorizer_log_group": "authorizer",
    "chat_log_group": "chat",
    "resources_log_group": "resources",
    "worker_log_group": "worker",
    "batch_steps_log_group": "steps",
}
TRACED = replace(OUTPUTS, resources_table="resources", **GROUPS)
ID, KEY = "JKJaXmPLvHcESHA=", "my-key"
BATCH = Batch.new("team", endpoint="/v1/chat/completions", input_file_id="file-1", now_s=time.time())
Put = Callable[..., None]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[Put]:
    """Writes lines to a log group, a millisecond apart and `ago_s` before now."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(stack_outputs, "read", lambda *_: TRACED)
    with mock_aws():
        logs = boto3.client("logs")
        for group in GROUPS.values():
            logs.create_log_group(logGroupName=group)
            logs.create_log_stream(logGroupName=group, logStreamName="s")
        dynamodb = boto3.client("dynamodb")
        moto_tables.create(dynamodb, OUTPUTS.job_records_table, "job")
        moto_tables.create(dynamodb, "resources", resource_table.OWNER, resource_table.ID)

        def put(group: str, *lines: dict[str, Any] | str, ago_s: float = 60) -> None:
            at_ms = round((time.time() - ago_s) * 1000)
            texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
            written = [{"timestamp": at_ms + n, "message": text} for n, text in enumerate(texts)]
            logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=written)  # type: ignore[arg-type]

        yield put


def trace(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["trace", *arguments, "--env", "dev"])


def shown(result: Result) -> list[tuple[str, str]]:
    """Where each line is from, and what it says, without times and the sums."""
    lines = [line for line in result.stdout.splitlines() if not line.startswith("Sum: ")]
    return [(line[26:39].strip(), line[41:]) for line in lines]


def test_a_request_is_told_in_the_order_of_time(put: Put) -> None:
    """The lines of all log groups come in order, with the authorizer's, and then the sums."""
    put(
        "authorizer",
        {"message": "client authentication", "client": "team", "allowed": True, "lambda_request_id": "a-1"},
        ago_s=90,
    )
    put(
        "chat",
        completion("another"),
        completion(ID, prompt_tokens=23, completion_tokens=169, lambda_request_id="l-1"),
    )
    put(
        "access",
        {"request_id": ID, "authorizer_request_id": "a-1", "lambda_request_id": "l-1", "status": "200"},
        ago_s=30,
    )
    result = trace(ID)
    assert result.exit_code == 0, result.output
    assert [where for where, _ in shown(result)] == ["authorizer", "chat function", "access log"]
    assert (
        result.stdout.splitlines()[-1]
        == "Sum: requests 1, prompt tokens 23, completion tokens 169, ms in functions 412"
    )


@pytest.mark.parametrize(
    "field", ["bedrock_request_id", "client_request_id", "trace_id", "lambda_request_id"]
)
def test_a_request_is_found_by_its_other_ids(put: Put, field: str) -> None:
    """An id of Bedrock or the caller leads to the request, and so to its lines in other log groups."""
    put("chat", completion(ID, **{field: "other-id-1"}))
    put("access", {"request_id": ID, "status": "200"}, ago_s=30)
    result = trace("other-id-1")
    assert [where for where, _ in shown(result)] == ["chat function", "access log"]


def test_a_line_of_another_form_is_no_fault(put: Put) -> None:
    """What cannot be an id is not searched for, and a line without an id is printed as it is."""
    put("chat", completion('no" id', bedrock_request_id="other-id-1"))
    put("worker", {"message": "job", "bedrock_request_id": "other-id-1"}, '{"message": ["other-id-1"]}')
    assert [where for where, _ in shown(trace("other-id-1"))] == ["chat function", "worker"]


def test_a_killed_function_is_told_by_lambda(put: Put) -> None:
    """If the function wrote no last line, Lambda's own line says why."""
    put("access", {"request_id": ID, "lambda_request_id": "l-1", "status": "502"})
    put(
        "chat",
        {"type": "platform.report", "record": {"requestId": "l-1", "status": "timeout"}},
        "plain text l-1",
    )
    assert ("chat function", "Lambda: report timeout") in shown(trace(ID))


@pytest.mark.parametrize("id_", [KEY, f"batch_req_{KEY}"])
def test_a_job_is_found_by_its_id_and_its_key(put: Put, id_: str) -> None:
    """Each attempt of a job is a line, and its record says what became of it. The answer is not shown."""
    job_id = f"batch_req_{KEY}"
    put(
        "worker",
        {"message": "jobs", "jobs": [job_id], "total": 1},
        job(job_id, status=500, error_class="X", retried=True),
    )
    put("worker", job(job_id, attempts=2), ago_s=30)
    item = {
        "job": {"S": KEY},
        "attempts": {"N": "2"},
        "answer_line": {"S": "the completion"},
        "sender": {"S": ""},
    }
    boto3.client("dynamodb").put_item(TableName=OUTPUTS.job_records_table, Item=item)
    result = trace(id_)
    assert [where for where, _ in shown(result)] == ["worker", "worker", "worker", "job record"]
    assert shown(result)[-1][1] == "the job is answered, after 2 attempts"
    assert "the completion" not in result.output + trace(id_, "--json").output


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"response": {"status_code": 200}, "error": None}, "the job is answered"),
        ({"response": {"status_code": 400}, "error": None}, "the job is answered with an error"),
        ({"response": None, "error": {"code": "x"}}, "the job is answered with an error"),
        ([], "the job is answered"),
    ],
)
def test_an_error_is_an_answer_too(put: Put, answer: object, says: str) -> None:
    """A record whose answer is an error says so, and nothing of the answer."""
    item = {"job": {"S": KEY}, "answer_line": {"S": json.dumps(answer)}}
    boto3.client("dynamodb").put_item(TableName=OUTPUTS.job_records_table, Item=item)
    assert shown(trace(KEY))[-1][1] == says


@pytest.mark.parametrize(
    ("attributes", "state"),
    [
        ({"dead_letter": {"S": "m1"}}, events.DEAD_LETTER),
        ({"leased_until": {"N": "1790000000"}}, events.CLAIMED),
        ({"leased_until": {"N": "0"}}, events.WAITING),
        ({"answer_key": {"S": "results/k"}, "dead_letter": {"S": "m1"}}, events.ANSWERED),
    ],
)
def test_a_record_is_found_without_lines(put: Put, attributes: dict[str, Any], state: str) -> None:
    """The log may have forgotten the job; its record says the state."""
    boto3.client("dynamodb").put_item(
        TableName=OUTPUTS.job_records_table, Item={"job": {"S": KEY}, **attributes}
    )
    (line,) = trace(KEY, "--json").stdout.splitlines()
    assert json.loads(line)["line"]["state"] == state


def test_a_batch_is_its_steps_and_counts(put: Put) -> None:
    """A batch's calls, steps and statuses are told, and how many lines were counted; failed lines only if asked for."""
    dynamodb = boto3.client("dynamodb")
    state = batch_state.new(BATCH, "files/1") | resource_table.written(
        status="in_progress",
        total_lines=3,
        validating_at=int(time.time()) - 50,
        in_progress_at=int(time.time()) - 40,
    )
    dynamodb.put_item(TableName="resources", Item=state)
    chunk = {**batch_lines.chunk_key(BATCH.id, 0), "completed": {"NS": ["1"]}, "failed": {"NS": ["2"]}}
    dynamodb.put_item(TableName="resources", Item=chunk)
    put("steps", step(BATCH.id))
    put(
        "worker",
        job("batch_req_1", batch=BATCH.id, line=1),
        job("batch_req_2", batch=BATCH.id, line=2, error_class="X"),
    )
    result = trace(BATCH.id)
    assert [where for where, _ in shown(result)] == ["batch steps", "batch", "batch", "batch"]
    assert shown(result)[-1][1] == "the batch is in_progress: 1 of 3 lines answered, 1 failed"
    assert [where for where, _ in shown(trace(BATCH.id, "--lines"))].count("worker") == 1


def test_a_batch_that_ended_has_its_sums(put: Put) -> None:
    """The chunks of a batch that has ended need not be counted."""
    state = batch_state.new(BATCH, "files/1") | resource_table.written(
        status="completed", total_lines=3, completed_lines=2, failed_lines=1
    )
    boto3.client("dynamodb").put_item(TableName="resources", Item=state)
    assert shown(trace(BATCH.id))[-1][1] == "the batch is completed: 2 of 3 lines answered, 1 failed"


def test_an_unreadable_batch_is_shown_as_such(put: Put) -> None:
    """An item that another version wrote does not end the command."""
    boto3.client("dynamodb").put_item(TableName="resources", Item=batch_state.key(BATCH.id))
    assert "the batch is unreadable" in shown(trace(BATCH.id))[-1][1]


def test_an_earlier_version_keeps_no_batches(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a table of resources, only logs are searched."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(TRACED, resources_table=None))
    put("steps", step(BATCH.id))
    assert trace(BATCH.id).exit_code == 0


def test_lines_are_printed_as_they_are(put: Put) -> None:
    """With --json, each line has the time, the place and the raw line, and there are no sums."""
    put("chat", completion(ID))
    (line,) = trace(ID, "--json").stdout.splitlines()
    document = json.loads(line)
    assert document["where"] == "chat function"
    assert document["line"] == completion(ID)
    assert document["at"].endswith("Z")


def test_nothing_found_says_where_was_looked(put: Put) -> None:
    """The exit code is 3, and the reasons name --since, region and retention."""
    put("chat", completion(ID), ago_s=7200)
    result = trace(ID, "--since", "1h")
    assert (result.exit_code, result.stdout) == (3, "")
    for word in (ID, "us-east-1", "--since", "logs.retention_in_days", "chat function", "worker"):
        assert word in result.stderr
    assert trace(ID, "--since", "3h").exit_code == 0


def test_a_log_group_that_is_gone_is_said(put: Put) -> None:
    """What could not be read is named, and the exit code says that the story may lack something."""
    put("chat", completion(ID))
    boto3.client("logs").delete_log_group(logGroupName="worker")
    result = trace(ID)
    assert result.exit_code == 3
    assert "Not read: worker: there is no log group worker." in result.stderr
    assert shown(result)[0][0] == "chat function"


def test_a_table_that_is_gone_is_said(put: Put) -> None:
    """The logs are told even if the table of job records is gone."""
    put("worker", job(f"batch_req_{KEY}"))
    boto3.client("dynamodb").delete_table(TableName=OUTPUTS.job_records_table)
    result = trace(KEY)
    assert result.exit_code == 3
    assert (
        "Not read: table of job records: AWS answered ResourceNotFoundException to GetItem." in result.stderr
    )
    assert shown(result)[0][0] == "worker"


@pytest.mark.parametrize("arguments", [("two words",), ('a"b"c',), (ID, "--since", "soon")])
def test_wrong_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    """A text that is no id, or no time, is a wrong command line."""
    assert trace(*arguments).exit_code == 2


class FailingLogs:
    """CloudWatch Logs that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_paginator(self, _: str) -> FailingLogs:
        return self

    def paginate(self, **_: object) -> Iterator[Any]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ClientError({"Error": {"Code": "AccessDeniedException"}}, "FilterLogEvents"),
            "the permission logs:FilterLogEvents",
        ),
        (
            ClientError({"Error": {"Code": "ThrottlingException"}}, "FilterLogEvents"),
            "AWS answered ThrottlingException",
        ),
        (ConnectTimeoutError(endpoint_url="https://logs.test"), "https://logs.test"),
    ],
)
def test_logs_that_cannot_be_read(error: Exception, reason: str) -> None:
    """An error of one log group is noted with what to do."""
    search = LogSearch(FailingLogs(error), {CHAT: "chat"}, 0)  # type: ignore[arg-type]
    assert search.find([(CHAT, ID), (WORKER, ID)]) == []
    assert reason in search.unread[CHAT]


def test_very_many_lines_are_cut(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that very many lines have is told by the first ones, and the cut is said."""
    monkeypatch.setattr(log_search, "_MAX_EVENTS", 2)
    put("chat", *(completion(ID, latency_ms=n) for n in range(3)))
    result = trace(ID)
    assert len(shown(result)) == 2
    assert "only its first 2 lines were read" in result.stderr


def test_log_groups_that_are_unknown_are_left_out() -> None:
    """A stack of an earlier version names fewer log groups."""
    assert set(story.log_groups(replace(TRACED, access_log_group=None))) == {
        *("authorizer", "chat function", "resources", "worker", "batch steps"),
    }
