"""Whose a job is, and what its client may do."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.policies import ClientPolicies
from client_keys import item as client_item
from client_keys.policy import UNLIMITED, Policy
from tests.unit import clients_table
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, clients, line

TRUSTED, OTHER = "AROATRUSTED", "AROAOTHER"


@pytest.fixture(autouse=True)
def trusting(stack: Stack) -> None:
    """The worker believes one sender."""
    stack.change(settings=stack.state.settings._replace(senders=(TRUSTED,)))


def put(client_id: str, limits: Policy = UNLIMITED, **attributes: Any) -> None:
    item = {**client_item.of_client(client_id), "policy": {"S": limits.to_text()}, **attributes}
    clients()[2].put_item(TableName=clients_table.TABLE, Item=item)


def worked_on(
    stack: Stack, *, client: str | None, sender: str = TRUSTED, job: str | None = None
) -> list[dict[str, Any]]:
    """The result lines of one job that names this client."""
    stack.send(job or line())
    records = stack.deliver(sender=f"{sender}:session")
    if client is not None:
        for record in records:
            record["messageAttributes"]["client"] = {"stringValue": client}
    assert stack.handle(records) == set()
    return stack.results()


def logged(stack: Stack) -> dict[str, Any]:
    """The last job's log line."""
    lines: list[dict[str, Any]] = [json.loads(text) for text in stack.log.getvalue().splitlines()]  # type: ignore[attr-defined]
    return [entry for entry in lines if entry["message"] == "job"][-1]


@pytest.fixture
def asked(use_bedrock: UseBedrock) -> list[dict[str, Any]]:
    """The bodies that Bedrock gets; it answers each."""
    bodies: list[dict[str, Any]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(answers)
    return bodies


def test_policy_of_the_named_client(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A job of a listed sender has the client that it names: its limits, its log line and its result."""
    put("team-a", Policy(max_completion_tokens=7))
    (result,) = worked_on(stack, client="team-a")
    assert asked[0]["max_completion_tokens"] == 7
    assert result["client"] == logged(stack)["client"] == "team-a"


def test_forged_client(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A sender that is not listed names a client in vain; the log line says that the name was ignored."""
    put("team-a", Policy(models=()))
    (result,) = worked_on(stack, client="team-a", sender=OTHER)
    assert (result["error"], len(asked)) == (None, 1)
    assert "client" not in result
    assert logged(stack)["client_ignored"] is True
    assert "client" not in logged(stack)


def test_default_client(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """Jobs of all other senders belong to the default client, whatever they name."""
    stack.change(settings=stack.state.settings._replace(default_client="others"))
    put("others", Policy(max_completion_tokens=3))
    for client in ("team-a", None):
        (result,) = worked_on(stack, client=client, sender=OTHER)
        assert result["client"] == "others"
    assert [body["max_completion_tokens"] for body in asked] == [3, 3]


def test_no_client_no_lookup(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A job without a client costs no read of the clients table."""
    clients()[2].delete_table(TableName=clients_table.TABLE)
    (result,) = worked_on(stack, client=None)
    assert (result["error"], "client" in result) == (None, False)


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({}, None),
        ({"state": {"S": "suspended"}}, "client_not_active"),
        ({"valid_until": {"N": "1"}}, "client_not_active"),
        ({"policy": {"S": Policy(may_send_jobs=False).to_text()}}, "jobs_not_allowed"),
        ({"policy": {"S": Policy(models=("qwen.*",)).to_text()}}, "model_not_allowed"),
    ],
)
def test_refused_jobs(
    stack: Stack, asked: list[dict[str, Any]], attributes: dict[str, Any], code: str | None
) -> None:
    """What a client may not do is an error line of its own, and Bedrock is not asked."""
    put("team-a", **attributes)
    (result,) = worked_on(stack, client="team-a")
    assert (result["error"] or {}).get("code") == code
    assert len(asked) == (0 if code else 1)


KEY = "sk-bcg-" + "k" * 49


@pytest.mark.parametrize(
    "client", ["nobody", "", "client#team-a", "a b", "é", "x" * 65, "x" * 100_000, "team-a\n", KEY, KEY[3:]]
)
def test_unknown_client(stack: Stack, asked: list[dict[str, Any]], client: str) -> None:
    """A client that does not exist is an error line; what cannot be an id, such as a key, is not repeated."""
    put("team-a")
    (result,) = worked_on(stack, client=client)
    assert result["error"]["code"] == "unknown_client"
    assert (
        result["client"]
        == logged(stack)["client"]
        == ("nobody" if client == "nobody" else "(not a client id)")
    )
    assert asked == []


def test_client_of_another_type(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """An attribute that is no text names no client that exists, and never no client at all."""
    put("team-a", Policy(models=()))
    stack.send(line())
    (record,) = stack.deliver(sender=TRUSTED)
    record["messageAttributes"]["client"] = {"binaryValue": "dGVhbS1h", "dataType": "Binary"}
    assert stack.handle([record]) == set()
    (result,) = stack.results()
    assert (result["error"]["code"], asked) == ("unknown_client", [])


def test_redriven_job_keeps_its_client(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A job that failed for a client, and is sent again by somebody who is not listed, has that client's limits."""
    put("team-a", Policy(max_completion_tokens=7))
    use_bedrock(lambda _: httpx.Response(500))
    stack.send(line())
    (record,) = stack.deliver(sender=TRUSTED, key="key-1")
    record["messageAttributes"]["client"] = {"stringValue": "team-a"}
    assert stack.handle([record])
    bodies: list[dict[str, Any]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(answers)
    stack.send(line())
    stack.handle(stack.deliver(sender=OTHER, key="key-1"))
    (result,) = stack.results()
    assert (result["error"], result["client"], bodies[0]["max_completion_tokens"]) == (None, "team-a", 7)


def test_new_default_client_takes_no_job_over(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A job that was begun without a client stays without one when the environment gets a default client."""
    use_bedrock(lambda _: httpx.Response(500))
    stack.send(line())
    records = stack.deliver(sender=OTHER, key="key-1")
    assert stack.handle(records)
    stack.change(settings=stack.state.settings._replace(default_client="others"))
    use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
    stack.handle(again(records))
    (result,) = stack.results()
    assert (result["error"], "client" in result) == (None, False)


def test_output_cap(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A job that asks for more output than its client may is an error line."""
    put("team-a", Policy(max_completion_tokens=7))
    (result,) = worked_on(stack, client="team-a", job=line(body={**VALID, "max_tokens": 8}))
    assert (result["error"]["code"], asked) == ("max_tokens_exceeded", [])


def test_unreadable_clients_table(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A job whose client cannot be read is retried, and never sent without its policy."""
    clients()[2].delete_table(TableName=clients_table.TABLE)
    stack.send(line())
    records = stack.deliver(sender=TRUSTED)
    records[0]["messageAttributes"]["client"] = {"stringValue": "team-a"}
    assert stack.handle(records) == {records[0]["messageId"]}
    assert (stack.results(), asked) == ([], [])


def test_clients_do_not_share_answers(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A key that two clients use belongs to the first; the second gets a conflict, and not the first one's answer."""
    put("team-a")
    put("team-b")
    codes = []
    for client in ("team-a", "team-b"):
        stack.send(line())
        (record,) = stack.deliver(sender=TRUSTED, key="key-1")
        record["messageAttributes"]["client"] = {"stringValue": client}
        stack.handle([record])
        codes += [(result["client"], (result["error"] or {}).get("code")) for result in stack.results()]
    assert codes == [("team-a", None), ("team-b", "idempotency_key_conflict")]


def test_dead_letter_keeps_its_client(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A dead letter names its client, within the ten attributes that SQS allows."""
    put("team-a")
    stack.change(settings=stack.state.settings._replace(max_attempts=1))
    use_bedrock(lambda _: httpx.Response(500, headers={"x-amzn-requestid": "bedrock-id"}))
    worked_on(stack, client="team-a")
    ((_, attributes),) = stack.dead_letters()
    assert (attributes["client"], len(attributes)) == ("team-a", 10)


def test_a_change_takes_effect(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """The worker reads a client again after a minute."""
    now = [1_000_000.0]
    table = stack.state.policies._table
    stack.change(policies=ClientPolicies(ClientsTable(table.dynamodb, table.name), clock=lambda: now[0]))
    put("team-a")
    worked_on(stack, client="team-a")
    put("team-a", state={"S": "suspended"})
    now[0] += 60
    (result,) = worked_on(stack, client="team-a")
    assert (result["error"]["code"], len(asked)) == ("client_not_active", 1)
