"""Batches: what is stored and asked for, who sees it, and OpenAI's objects of each status."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.errors import InvalidRequestError
from openai_resources.batches import batch_rules
from openai_resources.handler import ResourcesState
from openai_resources.models.model_list import ModelList
from openai_resources.storage import Storage
from resource_items import batch_lines, batch_state
from resource_items.batch_lines import Line
from resource_items.file_item import File
from tests.unit.openai_resources.resource_calls import Answer, ResourceCalls, event
from tests.unit.resources_storage import Clock

ENDPOINT = "/v1/chat/completions"
SECRET = "a secret text"

LATER_STATUSES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


class FakeSqs:
    """The queue of steps."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **parameters: Any) -> None:
        self.sent.append(parameters)


class FakeClients:
    """The clients' own items. None: there is no such client."""

    def __init__(self) -> None:
        self.policy: str | None = '{"v":1}'
        self.item: dict[str, Any] | None = None

    def client_item(self, client_id: str) -> dict[str, Any]:
        if self.item is not None:
            return self.item
        return {} if self.policy is None else {"state": {"S": "active"}, "policy": {"S": self.policy}}


class Batches:
    """Calls of the function."""

    def __init__(self, storage: Storage, log: StringIO, clock: Clock) -> None:
        self.sqs, self.clients, self.storage, self.clock = FakeSqs(), FakeClients(), storage, clock
        storage.sqs = cast("Any", self.sqs)
        state = ResourcesState(models=ModelList([]), storage=storage)
        policies = ClientPolicies(cast("Any", self.clients), clock=clock)
        self.calls = ResourceCalls(lambda: state, log, policies)

    def file(self, purpose: str = "batch", client: str = "team-a") -> str:
        """The id of a new file."""
        file = File.new(client, filename=SECRET, purpose=purpose, size_bytes=3, now_s=self.clock.now_s)
        self.storage.dynamodb.put_item(TableName=self.storage.table, Item=file.item())
        return file.id

    def post(self, document: object, *, retries: int | None = None, client: str = "team-a") -> Answer:
        headers = {} if retries is None else {"x-stainless-retry-count": [str(retries)]}
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.calls(event("/v1/batches", method="POST", headers=headers, body=body, client=client))

    def wanted(self, **changes: Any) -> dict[str, Any]:
        """The document of a request, with `changes`; what is None is left out."""
        whole = {"input_file_id": "file-1", "endpoint": ENDPOINT, "completion_window": "24h", **changes}
        return {name: value for name, value in whole.items() if value is not None}

    def create(self, **changes: Any) -> dict[str, Any]:
        """OpenAI's object of a new batch."""
        answer = self.post(self.wanted(input_file_id=self.file(), **changes))
        assert answer.status == 200, answer.body
        return answer.body

    def one(self, batch_id: str, client: str = "team-a") -> Answer:
        return self.calls(event(f"/v1/batches/{batch_id}", client=client))

    def cancel(self, batch_id: str, client: str = "team-a") -> Answer:
        return self.calls(event(f"/v1/batches/{batch_id}/cancel", method="POST", client=client))

    def listed(self, **query: str) -> dict[str, Any]:
        answer = self.calls(event("/v1/batches", query=query))
        assert answer.status == 200, answer.body
        return answer.body

    def change(self, batch_id: str, **values: Any) -> None:
        """Changes the state as a step does."""
        item = self.storage.item(batch_state.key(batch_id)) or {}
        for name, value in values.items():
            item[name] = {"N": str(value)} if isinstance(value, int) else {"S": value}
        self.storage.dynamodb.put_item(TableName=self.storage.table, Item=item)

    def items(self) -> list[dict[str, Any]]:
        return list(self.storage.dynamodb.scan(TableName=self.storage.table)["Items"])


@pytest.fixture
def batches(storage: Storage, log: StringIO, clock: Clock) -> Batches:
    return Batches(storage, log, clock)


def test_create(batches: Batches, clock: Clock) -> None:
    """The answer is OpenAI's object."""
    body = batches.create(metadata={"team": SECRET})
    created_at = int(clock.now_s)
    assert body == {
        "id": body["id"],
        "object": "batch",
        "endpoint": ENDPOINT,
        "input_file_id": body["input_file_id"],
        "completion_window": "24h",
        "status": "validating",
        "created_at": created_at,
        "expires_at": created_at + 86_400,
        "metadata": {"team": SECRET},
        "model": None,
        "errors": None,
        "output_file_id": None,
        "error_file_id": None,
        **dict.fromkeys(f"{status}_at" for status in LATER_STATUSES),
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "usage": None,
    }
    assert batches.one(body["id"]).body == body


def test_the_first_step(batches: Batches, log: StringIO) -> None:
    """The first step is asked for in the client's group. The log has the id only."""
    body = batches.create(metadata={"team": SECRET})
    (message,) = batches.sqs.sent
    assert batch_lines.batch_of_step(message["MessageBody"]) == body["id"]
    assert (message["QueueUrl"], message["MessageGroupId"], message["DelaySeconds"]) == ("steps", "team-a", 1)
    assert json.loads(log.getvalue().splitlines()[0])["batch"] == body["id"]
    assert SECRET not in log.getvalue()


def test_the_message_comes_first(batches: Batches) -> None:
    """If the message cannot be sent, there is no batch, so that none waits for ever."""
    document = batches.wanted(input_file_id=batches.file())

    def failing(**_: object) -> None:
        raise ConnectionError

    batches.sqs.send_message = failing  # type: ignore[method-assign]
    assert batches.post(document).status == 500
    assert batches.listed()["data"] == []
    assert [item["id"]["S"].partition("#")[0] for item in batches.items()] == ["file"]


@pytest.mark.parametrize(
    ("changes", "param", "said"),
    [
        ({"input_file_id": None}, "input_file_id", "missing"),
        ({"input_file_id": 1}, "input_file_id", "string"),
        ({"endpoint": None}, "endpoint", "missing"),
        ({"endpoint": "/v1/embeddings"}, "endpoint", ENDPOINT),
        ({"endpoint": "/v1/responses"}, "endpoint", ENDPOINT),
        ({"completion_window": None}, "completion_window", "missing"),
        ({"completion_window": "1h"}, "completion_window", "24h"),
        ({"metadata": []}, "metadata", "object"),
        ({"metadata": {"tags": ["a"]}}, "metadata", "string"),
        ({"metadata": {str(i): "" for i in range(17)}}, "metadata", "16"),
        ({"metadata": {"k" * 65: ""}}, "metadata", "64"),
        ({"metadata": {"k": "v" * 513}}, "metadata", "512"),
        ({"metadata": {"k": "\ud800"}}, "metadata", "surrogate"),
        ({"output_expires_after": 1}, "output_expires_after", "anchor"),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 3599}},
            "output_expires_after.seconds",
            "3600",
        ),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": "3600"}},
            "output_expires_after.seconds",
            "whole number",
        ),
        (
            {"output_expires_after": {"anchor": "x", "seconds": 3600}},
            "output_expires_after.anchor",
            "created_at",
        ),
    ],
)
def test_refused(batches: Batches, changes: dict[str, Any], param: str, said: str) -> None:
    """The 400 names the field and the rule. Nothing is stored or asked for."""
    answer = batches.post(batches.wanted(**changes))
    assert (answer.status, answer.body["error"]["type"]) == (400, "invalid_request_error")
    assert answer.body["error"]["param"] == param
    assert said in answer.body["error"]["message"]
    assert (batches.items(), batches.sqs.sent) == ([], [])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_no_document(batches: Batches, body: bytes) -> None:
    """A body that is no JSON object is a 400."""
    assert batches.post(body).status == 400


def test_the_input_file(batches: Batches) -> None:
    """A file that does not exist and one of another client get the same 404; one of another purpose gets a 400."""
    theirs, none = batches.file(client="team-b"), f"file-{'0' * 43}"
    answers = [batches.post(batches.wanted(input_file_id=id_)) for id_ in (theirs, none)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].body["error"]["param"] == "input_file_id"
    assert json.dumps(answers[0].body).replace(theirs, none) == json.dumps(answers[1].body)
    answer = batches.post(batches.wanted(input_file_id=batches.file("batch_output")))
    assert (answer.status, answer.body["error"]["param"]) == (400, "input_file_id")


def test_delete_the_input(batches: Batches) -> None:
    """The input of a batch may be deleted while its lines are run."""
    batch = batches.create()
    batches.change(batch["id"], status=batch_state.IN_PROGRESS)
    answer = batches.calls(event(f"/v1/files/{batch['input_file_id']}", method="DELETE"))
    assert (answer.status, answer.body["deleted"]) == (200, True)
    assert batches.one(batch["id"]).body["status"] == batch_state.IN_PROGRESS


@pytest.mark.parametrize(
    ("policy", "code"), [(None, "unknown_client"), ('{"v":1,"jobs":false}', "jobs_not_allowed")]
)
def test_clients_without_batches(batches: Batches, policy: str | None, code: str) -> None:
    """A client that may not send jobs may not make batches. Neither may one that has no item."""
    batches.clients.policy = policy
    answer = batches.post(batches.wanted(input_file_id=batches.file()))
    assert (answer.status, answer.body["error"]["code"]) == (403, code)
    assert batches.sqs.sent == []


@pytest.mark.parametrize(
    ("item", "generation", "code"),
    [
        ({"generation": {"S": "aa"}, "state": {"S": "suspended"}}, "aa", "client_not_active"),
        ({"generation": {"S": "bb"}}, "aa", "unknown_client"),
        ({"generation": {"S": "bb"}}, None, "unknown_client"),
        ({}, "aa", "unknown_client"),
    ],
)
def test_clients_that_are_deleted(
    batches: Batches, item: dict[str, Any], generation: str | None, code: str
) -> None:
    """A key that API Gateway still lets pass makes no batch, although the function has just read the client."""
    body = json.dumps(batches.wanted(input_file_id=batches.file()))
    assert batches.post(json.loads(body)).status == 200
    batches.clients.item = item
    answer = batches.calls(
        event("/v1/batches", method="POST", body=body.encode(), generation=generation, client="team-a")
    )
    assert (answer.status, answer.body["error"]["code"]) == (403, code)
    assert len(batches.sqs.sent) == 1


def test_a_repeat(batches: Batches, clock: Clock) -> None:
    """The SDK's repeat of a request returns the first batch, for ten minutes. A first attempt makes a new one."""
    document = batches.wanted(input_file_id=batches.file())
    first = batches.post(document, retries=0).body["id"]
    clock.now_s += 599
    assert batches.post(document, retries=1).body["id"] == first
    assert batches.post(document, retries=2).body["id"] == first
    assert len(batches.sqs.sent) == 1
    assert batches.post({**document, "metadata": {}}, retries=1).body["id"] != first
    second = batches.post(document).body["id"]
    assert second != first
    assert batches.post(document, retries=1).body["id"] == second
    clock.now_s += 601
    assert batches.post(document, retries=1).body["id"] not in (first, second)


def test_a_repeat_of_another_client(batches: Batches) -> None:
    """It is another request."""
    document = batches.wanted(input_file_id=batches.file())
    batches.post(document)
    assert batches.post(document, retries=1, client="team-b").status == 404


def test_a_repeat_that_is_faster(batches: Batches, clock: Clock) -> None:
    """If the SDK's repeat overtakes its first attempt, they make one batch together."""
    document = batches.wanted(input_file_id=batches.file())
    ids = []

    def overtaken(**_: object) -> None:
        batches.sqs.send_message = FakeSqs.send_message.__get__(batches.sqs)  # type: ignore[method-assign]
        clock.now_s += 1
        ids.append(batches.post(document, retries=1).body["id"])

    batches.sqs.send_message = overtaken  # type: ignore[method-assign]
    assert batches.post(document).body["id"] == ids[0]
    assert len(batches.listed()["data"]) == 1


def test_a_transaction_that_aws_cannot_carry_out(
    batches: Batches, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a 503. A batch that the client made of the same body before is not the answer."""
    document = batches.wanted(input_file_id=batches.file())
    batches.post(document)

    def busy(**_: object) -> None:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "None"}, {"Code": "TransactionConflict"}],
        }
        raise storage.dynamodb.exceptions.TransactionCanceledException(answer, "TransactWriteItems")

    monkeypatch.setattr(storage.dynamodb, "transact_write_items", busy)
    answer = batches.post(document)
    assert (answer.status, answer.body["error"]["code"]) == (503, "storage_unavailable")


def test_who_sees_it(batches: Batches) -> None:
    """Another client's batch and one that does not exist get the same 404 on every path."""
    theirs, none = batches.create()["id"], f"batch_{'0' * 43}"
    for call in (batches.one, batches.cancel):
        answers = [call(id_, client="team-b") for id_ in (theirs, none)]
        assert [answer.status for answer in answers] == [404, 404]
        assert answers[0].body["error"]["code"] == "batch_not_found"
        assert json.dumps(answers[0].body).replace(theirs, none) == json.dumps(answers[1].body)
    assert batches.one(theirs).body["status"] == "validating"
    assert batches.calls(event("/v1/batches", client="team-b")).body["data"] == []


def test_counts_in_progress(batches: Batches) -> None:
    """While a batch is in progress, its chunks say how many lines are done. A list may have earlier counts."""
    batch = batches.create()["id"]
    batches.change(batch, status="in_progress", total_lines=130, model="m", in_progress_at=5)
    for number, name in ((1, "completed"), (2, "completed"), (101, "failed")):
        batches.storage.dynamodb.update_item(
            TableName=batches.storage.table,
            Key=Line(batch, number).chunk_key,
            UpdateExpression="ADD #n :n",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":n": {"NS": [str(number)]}},
        )
    body = batches.one(batch).body
    assert body["request_counts"] == {"total": 130, "completed": 2, "failed": 1}
    assert (body["model"], body["in_progress_at"], body["usage"]) == ("m", 5, None)
    assert batches.listed()["data"][0]["request_counts"]["total"] == 130


@pytest.mark.parametrize(("completed", "failed"), [(3, 2), (0, 5), (5, 0)])
@pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
def test_a_batch_that_has_ended(batches: Batches, status: str, completed: int, failed: int) -> None:
    """Its files are those that have lines, and its usage is the sum."""
    batch = batches.create()["id"]
    batches.change(
        batch,
        status=status,
        total_lines=5,
        completed_lines=completed,
        failed_lines=failed,
        output_file_id="file-o",
        error_file_id="file-e",
        prompt_tokens=10,
        completion_tokens=4,
        cached_tokens=3,
        **{f"{status}_at": 9},
    )
    body = batches.one(batch).body
    assert (body["status"], body[f"{status}_at"]) == (status, 9)
    assert body["output_file_id"] == ("file-o" if completed else None)
    assert body["error_file_id"] == ("file-e" if failed else None)
    assert body["request_counts"] == {"total": 5, "completed": completed, "failed": failed}
    assert body["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 14,
    }
    assert batches.listed()["data"] == [body]


@pytest.mark.parametrize("status", ["finalizing", "cancelling", "in_progress"])
def test_files_that_are_not_ready(batches: Batches, status: str) -> None:
    """Files are named once the batch has ended."""
    batch = batches.create()["id"]
    batches.change(batch, status=status, total_lines=5, completed_lines=5, output_file_id="file-o")
    body = batches.one(batch).body
    assert (body["output_file_id"], body["usage"]) == (None, None)


def test_errors(batches: Batches, storage: Storage) -> None:
    """A batch that failed names its bad lines: all of them if it is retrieved, the first ones in a list."""
    batch = batches.create()["id"]
    error = {"code": "invalid_json_line", "line": 1, "message": "no", "param": None}
    batches.change(batch, status="failed", errors=json.dumps([error]), failed_at=9)
    expected = {"object": "list", "data": [error]}
    assert batches.one(batch).body["errors"] == batches.listed()["data"][0]["errors"] == expected
    storage.s3.put_object(
        Bucket=storage.bucket, Key=batch_state.errors_key(batch), Body=json.dumps([error] * 30)
    )
    batches.change(batch, has_errors_object=1)
    assert len(batches.one(batch).body["errors"]["data"]) == 30
    assert batches.listed()["data"][0]["errors"] == expected
    assert batches.one(batch).body["usage"] is None


@pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing"])
def test_cancel(batches: Batches, status: str, clock: Clock) -> None:
    """The batch is being cancelled, and a step is asked for. Cancelling it again changes nothing."""
    batch = batches.create()["id"]
    batches.change(batch, status=status)
    clock.now_s += 5
    answer = batches.cancel(batch)
    assert (answer.status, answer.body["status"]) == (200, "cancelling")
    assert answer.body["cancelling_at"] == int(clock.now_s)
    assert batch_lines.batch_of_step(batches.sqs.sent[-1]["MessageBody"]) == batch
    clock.now_s += 5
    assert batches.cancel(batch).body == answer.body


def test_cancel_what_is_cancelled(batches: Batches) -> None:
    """That is a 200 again."""
    batch = batches.create()["id"]
    batches.change(batch, status="cancelled")
    answer = batches.cancel(batch)
    assert (answer.status, answer.body["status"]) == (200, "cancelled")


@pytest.mark.parametrize("status", ["completed", "failed", "expired"])
def test_cancel_what_has_ended(batches: Batches, status: str) -> None:
    """It is a 409 that the SDKs do not repeat."""
    batch = batches.create()["id"]
    batches.change(batch, status=status)
    answer = batches.cancel(batch)
    assert (answer.status, answer.headers["x-should-retry"]) == (409, "false")
    assert answer.body["error"]["message"] == f"Cannot cancel a batch with status '{status}'."
    assert (answer.body["error"]["param"], answer.body["error"]["code"]) == (None, None)


def test_cancel_after_the_deadline(batches: Batches, clock: Clock) -> None:
    """A batch whose time is over expires, and cannot be cancelled instead."""
    batch = batches.create()["id"]
    batches.change(batch, status="in_progress")
    clock.now_s += 86_400
    assert batches.cancel(batch).status == 409
    assert batches.one(batch).body["status"] == "in_progress"


def test_pages(batches: Batches, clock: Clock) -> None:
    """Following `after` shows every batch once, newest first."""
    made = []
    for _ in range(3):
        clock.now_s += 1
        made.append(batches.create()["id"])
    assert [one["id"] for one in batches.listed()["data"]] == made[::-1]
    page = batches.listed(limit="2")
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (made[:0:-1], True)
    page = batches.listed(limit="2", after=page["last_id"])
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (made[:1], False)
    assert batches.listed(limit="0")["data"] == []
    assert [one["id"] for one in batches.listed(order="asc")["data"]] == made
    for after in ("nope", f"file-{'0' * 43}"):
        assert batches.listed(after=after, order="asc")["data"] == []


def test_an_unknown_order(batches: Batches) -> None:
    """The 400 names the parameter."""
    answer = batches.calls(event("/v1/batches", query={"order": "foo"}))
    assert (answer.status, answer.body["error"]["param"]) == (400, "order")


def test_a_repeated_key(batches: Batches) -> None:
    """The 400 names the key."""
    for body, key in (
        (b'{"input_file_id": "a", "input_file_id": "b"}', "'input_file_id' in the request"),
        (b'{"output_expires_after": {"seconds": 1, "seconds": 2}}', "'seconds' in output_expires_after"),
    ):
        answer = batches.post(body)
        assert answer.status == 400
        assert key in answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("limit", "code"), [("-1", "integer_below_min_value"), ("101", "integer_above_max_value")]
)
def test_a_bad_limit(batches: Batches, limit: str, code: str) -> None:
    """The error has OpenAI's code."""
    answer = batches.calls(event("/v1/batches", query={"limit": limit}))
    assert (answer.status, answer.body["error"]["code"]) == (400, code)


@pytest.mark.parametrize(("path", "method"), [("", "DELETE"), ("/x", "POST"), ("/x/cancel", "GET")])
def test_other_methods(batches: Batches, path: str, method: str) -> None:
    """They get 405."""
    assert batches.calls(event(f"/v1/batches{path}", method=method)).status == 405


@given(
    st.dictionaries(
        st.sampled_from(
            ["input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"]
        ),
        st.none()
        | st.text(max_size=5)
        | st.sampled_from([ENDPOINT, "24h", 1, 2.5, True])
        | st.lists(st.none(), max_size=1)
        | st.dictionaries(st.sampled_from(["anchor", "seconds", "a"]), st.integers() | st.text(max_size=3)),
    )
)
def test_any_document(document: dict[str, Any]) -> None:
    """Whatever a document has, it is understood, or refused as the caller's mistake."""
    try:
        wanted = batch_rules.wanted(document)
    except InvalidRequestError:
        return
    assert wanted.input_file_id == document["input_file_id"]


def test_a_batch_that_was_given_up(batches: Batches) -> None:
    """A batch that failed after some of its lines were answered has counts and no files, alone and in a list."""
    id_ = batches.create()["id"]
    batches.change(id_, status="failed", total_lines=9, completed_lines=5, failed_lines=1)
    body = batches.one(id_).body
    assert (body["status"], body["output_file_id"], body["error_file_id"]) == ("failed", None, None)
    assert [batch["id"] for batch in batches.listed()["data"]] == [id_]
