"""A table of clients, as moto knows it."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.unit import clients_table


@pytest.fixture(name="clients_table")
def session_with_clients_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """A session whose DynamoDB has an empty table of clients."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        session = boto3.Session()
        clients_table.create(session.client("dynamodb"))
        yield session
