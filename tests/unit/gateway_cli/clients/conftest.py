"""The clients commands against moto's DynamoDB, and an API Gateway in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from gateway_cli import stack_outputs
from gateway_cli.clients.table import ClientsTable
from gateway_cli.command import cli
from tests.unit import clients_table
from tests.unit.gateway_cli.outputs import OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Run = Callable[..., Result]


class FakeApiGateway:
    """Counts flushes. `fails` has each of them fail."""

    def __init__(self) -> None:
        self.flushed: list[dict[str, str]] = []
        self.fails = False

    def flush_stage_authorizers_cache(self, **stage: str) -> None:
        if self.fails:
            error: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(error, "FlushStageAuthorizersCache")
        self.flushed.append(stage)


@pytest.fixture
def api_gateway() -> FakeApiGateway:
    return FakeApiGateway()


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch, api_gateway: FakeApiGateway) -> Iterator[DynamoDBClient]:
    """A DynamoDB with an empty table of clients."""
    with clients_table.empty(monkeypatch) as client:
        clients = {"apigateway": api_gateway, "dynamodb": client}  # a new client takes 0.1 s
        monkeypatch.setattr(boto3.Session, "client", lambda _, name, **__: clients[name])
        yield client


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> ClientsTable:
    return ClientsTable(dynamodb, clients_table.TABLE)


@pytest.fixture
def run(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `clients …` for the environment dev, in an empty folder and without a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)

    def run(command: str, *arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, ["clients", command, "--env", "dev", *arguments], input=stdin)

    return run


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `clients …` where the command line must not get as far as AWS."""

    def read(*_: object) -> None:
        raise AssertionError("a wrong command line came as far as AWS")

    monkeypatch.setattr(stack_outputs, "read", read)
    return lambda command, *arguments: CliRunner().invoke(
        cli, ["clients", command, "--env", "dev", *arguments]
    )
