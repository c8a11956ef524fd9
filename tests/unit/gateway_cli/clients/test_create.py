"""`clients create` makes a client and its first key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from client_keys import key as client_key
from client_keys import policy as client_policy
from client_keys.policy import Policy
from gateway_cli import clients
from gateway_cli.clients.errors import ClientExistsError
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run
from tests.unit.gateway_cli.outputs import OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LIMITS = (
    *("--model", "openai.gpt-*", "--model", "fast", "--max-completion-tokens", "1000"),
    *("--requests-per-minute", "60", "--tokens-per-minute", "1000", "--tokens-per-day", "50000"),
    *("--concurrent-requests", "5", "--monthly-budget-usd", "49.99"),
    *("--no-stream", "--no-jobs"),
)
POLICY = Policy(
    models=("openai.gpt-*", "fast"),
    max_completion_tokens=1000,
    may_stream=False,
    may_send_jobs=False,
    requests_per_minute=60,
    tokens_per_minute=1000,
    tokens_per_day=50_000,
    concurrent_requests=5,
    monthly_budget_cents=4999,
)
NEEDS_CAP = ("--tokens-per-minute 9", "--tokens-per-day 9", "--monthly-budget-usd 50")


def test_key_alone_is_on_standard_output(run: Run) -> None:
    """A shell can read the key with KEY=$(…); all other words go to standard error."""
    result = run("create", "team-a")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert client_key.is_well_formed(result.stdout.strip())
    assert "team-a" in result.stderr


def test_client_and_key_are_stored(run: Run, dynamodb: DynamoDBClient) -> None:
    """The client has its own item, and the key's item is found by the key's hash; nothing holds the key."""
    key = run("create", "team-a", "--name", "Team A", "--owner", "ada@example.com").stdout.strip()
    items = stored.items(dynamodb)
    assert items.keys() == {"client#team-a", stored.sha256(key)}
    own = items["client#team-a"]
    created_at, generation = own.pop("created_at"), own.pop("generation")
    assert own == {
        "key_sha256": {"S": "client#team-a"},
        "client_id": {"S": "team-a"},
        "name": {"S": "Team A"},
        "owner": {"S": "ada@example.com"},
        "state": {"S": "active"},
        "keys": {"SS": [stored.sha256(key)]},
        "version": {"N": "1"},
    }
    assert items[stored.sha256(key)] == {
        "key_sha256": {"S": stored.sha256(key)},
        "client_id": {"S": "team-a"},
        "state": {"S": "active"},
        "generation": generation,
        "created_at": created_at,
    }
    assert key not in json.dumps(items)


def test_each_client_has_a_generation(run: Run, dynamodb: DynamoDBClient) -> None:
    """It is new for a client that is created again, and the same for all keys of a client, whatever is changed."""
    found: list[str] = []
    for _ in range(2):
        run("create", "team-a")
        run("rotate", "team-a")
        run("update", "team-a", "--no-jobs")
        generations = {item["generation"]["S"] for item in stored.items(dynamodb).values()}
        assert len(generations) == 1
        found += generations
        run("delete", "team-a", "--yes")
    assert found[0] != found[1]


def test_limits_are_copied_to_the_key(run: Run, dynamodb: DynamoDBClient) -> None:
    """The key's item has the same policy, expiry and state as the client's own."""
    key = run("create", "team-a", *LIMITS, "--expires", "2030-01-31").stdout.strip()
    own, of_key = stored.items(dynamodb)["client#team-a"], stored.of_key(dynamodb, key)
    assert {name: own[name] for name in ("state", "policy", "valid_until")} == {
        name: of_key[name] for name in ("state", "policy", "valid_until")
    }
    assert client_policy.from_text(own["policy"]["S"]) == POLICY
    assert own["valid_until"] == {"N": "1896048000"}
    assert "expires_at" not in of_key  # DynamoDB would delete the key


@pytest.mark.parametrize("options", [(), ("--model", "*"), ("--model", "a", "--model", "*")])
def test_no_limits_are_no_policy(run: Run, dynamodb: DynamoDBClient, options: tuple[str, ...]) -> None:
    """A client that may use everything has no policy in its items."""
    assert run("create", "team-a", *options).exit_code == 0
    assert not any("policy" in item for item in stored.items(dynamodb).values())


def test_existing_client_is_refused(run: Run, dynamodb: DynamoDBClient) -> None:
    """A second client of the same id changes nothing."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    result = run("create", "team-a", "--name", "other")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "exists already" in result.stderr
    assert stored.items(dynamodb) == before


def test_legacy_client_is_refused(run: Run, dynamodb: DynamoDBClient) -> None:
    """An id that only keys of an earlier version have is in use, too."""
    stored.put_legacy(dynamodb, "team-a")
    result = run("create", "team-a")
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert len(stored.items(dynamodb)) == 1


def test_client_made_meanwhile_is_refused(
    run: Run, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is made between the check and the write stays as it is."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    monkeypatch.setattr("gateway_cli.clients.table.ClientsTable.find", lambda *_: None)
    result = run("create", "team-a")
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert stored.items(dynamodb) == before


def test_policy_over_2_kb_is_refused_with_its_size(run: Run, dynamodb: DynamoDBClient) -> None:
    """A policy that is too large is stored nowhere; the error says how large it is."""
    models = [option for number in range(9) for option in ("--model", f"{number}" * 250)]
    result = run("create", "team-a", *models)
    assert result.exit_code == 1
    assert "2295 bytes; at most 2048" in result.stderr
    assert stored.items(dynamodb) == {}


@pytest.mark.parametrize("limit", NEEDS_CAP)
def test_limit_of_tokens_needs_an_output_cap(run: Run, dynamodb: DynamoDBClient, limit: str) -> None:
    """A client with a token limit or a budget is refused without a limit of a request's output."""
    result = run("create", "team-a", *limit.split())
    assert (result.exit_code, result.stdout) == (1, "")
    assert "needs max_completion_tokens" in result.stderr
    assert stored.items(dynamodb) == {}
    assert run("create", "team-a", *limit.split(), "--max-completion-tokens", "9").exit_code == 0


@pytest.mark.parametrize("field", ["tokens_per_minute", "tokens_per_day"])
def test_limit_below_one_request_is_refused(run: Run, dynamodb: DynamoDBClient, field: str) -> None:
    """A limit of tokens that no request of the largest output could pass is refused."""
    option = f"--{field.replace('_', '-')}"
    result = run("create", "team-a", option, "9", "--max-completion-tokens", "10")
    assert result.exit_code == 1
    assert f"{field} must not be smaller than max_completion_tokens" in result.stderr
    assert stored.items(dynamodb) == {}


def test_a_given_key_is_kept(dynamodb: DynamoDBClient) -> None:
    """A local stack's client keeps its key in each run, and is made once."""
    session = boto3.Session(region_name="us-east-1")
    assert clients.create(session, OUTPUTS, "local", key="bcg-had-before") == "bcg-had-before"
    assert stored.of_key(dynamodb, "bcg-had-before")["client_id"] == {"S": "local"}
    with pytest.raises(ClientExistsError):
        clients.create(session, OUTPUTS, "local")


def test_two_clients_have_different_keys(run: Run) -> None:
    """No key is handed out twice."""
    assert run("create", "team-a").stdout != run("create", "team-b").stdout
