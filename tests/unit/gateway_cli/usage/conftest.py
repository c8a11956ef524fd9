"""The command `usage` against moto's DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

import boto3
import pytest
from click.testing import CliRunner, Result

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from gateway_cli.usage import days
from tests.unit import clients_table, usage_table
from tests.unit.gateway_cli.outputs import OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Run = Callable[..., Result]


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """A DynamoDB with an empty usage table."""
    with clients_table.empty(monkeypatch) as client:
        usage_table.create(client)
        monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: client)
        yield client


@pytest.fixture
def run(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `usage …` for the environment dev on 2026-11-27."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)
    monkeypatch.setattr(days, "today", lambda: date(2026, 11, 27))
    return lambda *arguments: CliRunner().invoke(cli, ["usage", "--env", "dev", *arguments])
