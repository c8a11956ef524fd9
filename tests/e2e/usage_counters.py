"""The deployed table of counters and usage, as the functions reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from chat_gateway.aws.json_client import AwsJsonClient, AwsJsonPool
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.client_policies.counters import Counters
from client_usage import item as usage_item
from local.aws import environment
from local.stack.local_stack import LocalStack
from tests.e2e import deployed_functions


def table_name(stack: LocalStack) -> str:
    """The table's name, as the chat function has it."""
    return deployed_functions.variable(stack, "USAGE_TABLE")


@contextmanager
def counters(stack: LocalStack) -> Iterator[Counters]:
    """The counters through the functions' own client of DynamoDB. Threads may share it."""
    settings = AwsSettings(
        region=stack.region, dns_suffix="amazonaws.com", endpoint_url=stack.aws_endpoint_url
    )
    env = environment.aws(stack.aws_endpoint_url)
    with ExitStack() as made:

        def new_client() -> AwsJsonClient:
            client = AwsJsonClient(
                settings, service="dynamodb", target_prefix="DynamoDB_20120810", json_version="1.0", env=env
            )
            made.callback(client.close)
            return client

        yield Counters(AwsJsonPool(new_client), table_name(stack))


def item(stack: LocalStack, client_id: str) -> dict[str, Any]:
    """The client's counters; empty if there are none."""
    found = (
        stack.session()
        .client("dynamodb")
        .get_item(TableName=table_name(stack), Key=usage_item.of_counters(client_id), ConsistentRead=True)
    )
    return dict(found.get("Item", {}))


def counter(stack: LocalStack, client_id: str, prefix: str) -> int:
    """The sum of the client's counters whose names begin so."""
    found = item(stack, client_id)
    return sum(int(value["N"]) for name, value in found.items() if name.startswith(prefix))
