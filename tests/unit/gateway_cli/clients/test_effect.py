"""Questions before a change, and what is said of API Gateway's cache after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_cli.clients import speech
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import FakeApiGateway, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ASK = ["revoke", "suspend", "delete"]
TAKE_NOW = ["revoke --yes", "suspend --yes", "delete --yes", "resume", "update --name x"]
OPEN = "up to authorizer_result_ttl_s (60 s by default)"


class Terminal:
    """Standard input as a person at a terminal."""

    class stdin:  # noqa: N801
        @staticmethod
        def isatty() -> bool:
            return True


@pytest.mark.parametrize("command", ASK)
def test_without_a_terminal_nothing_is_changed(run: Run, dynamodb: DynamoDBClient, command: str) -> None:
    """A script without --yes is refused, also if it would answer."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    result = run(command, "team-a", stdin="y\n")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: Nothing was changed: there is no terminal to ask on. Say --yes to go ahead.\n"
    )
    assert stored.items(dynamodb) == before


@pytest.mark.parametrize("command", ASK)
@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_a_person_is_asked(
    run: Run,
    dynamodb: DynamoDBClient,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    answer: str,
    exit_code: int,
) -> None:
    """Only a yes changes something; the question names the client and the environment."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    monkeypatch.setattr(speech, "sys", Terminal)
    result = run(command, "team-a", stdin=answer)
    assert result.exit_code == exit_code
    assert "team-a" in result.stderr
    assert "dev" in result.stderr
    assert (stored.items(dynamodb) == before) is bool(exit_code)


@pytest.mark.parametrize("command", TAKE_NOW)
def test_now_flushes_the_stage(run: Run, api_gateway: FakeApiGateway, command: str) -> None:
    """--now flushes the cache of this API's stage, once."""
    run("create", "team-a")
    name, *options = command.split()
    result = run(name, "team-a", "--now", *options)
    assert result.exit_code == 0
    assert api_gateway.flushed == [{"restApiId": "abc", "stageName": "dev"}]
    assert OPEN not in result.stderr


@pytest.mark.parametrize("command", TAKE_NOW)
def test_without_now_the_delay_is_told(run: Run, api_gateway: FakeApiGateway, command: str) -> None:
    """Without --now the output says how long API Gateway goes on, and what holds of jobs."""
    run("create", "team-a")
    name, *options = command.split()
    result = run(name, "team-a", *options)
    assert OPEN in result.stderr
    assert "obs" in result.stderr
    assert api_gateway.flushed == []


def test_failed_flush_is_told(run: Run, dynamodb: DynamoDBClient, api_gateway: FakeApiGateway) -> None:
    """If API Gateway does not flush, the change stays, and the error says both."""
    run("create", "team-a")
    api_gateway.fails = True
    result = run("suspend", "team-a", "--now", "--yes")
    assert result.exit_code == 1
    assert "The change is made" in result.stderr
    assert "not authorized" in result.stderr
    assert OPEN in result.stderr
    assert stored.items(dynamodb)["client#team-a"]["state"] == {"S": "suspended"}


def test_refused_change_flushes_nothing(run: Run, api_gateway: FakeApiGateway) -> None:
    """A command that changes nothing leaves API Gateway's cache alone."""
    run("suspend", "nobody", "--now", "--yes")
    assert api_gateway.flushed == []
