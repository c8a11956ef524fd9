"""A queue as the event source of a function's alias."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from infra.functions.live_alias import LiveAlias


def add(
    live: LiveAlias, queue: sqs.IQueue, *, batch_size: int, max_concurrency: int, window_s: int = 0
) -> None:
    """Lets Lambda poll `queue` for the alias.

    The mapping is below the function, where earlier versions had it. So it keeps its logical id, and a deployment changes
    its target instead of creating a second mapping that polls the same queue.
    """
    lambda_.EventSourceMapping(
        live.function,
        f"SqsEventSource:{cdk.Names.node_unique_id(queue.node)}",
        target=live,
        event_source_arn=queue.queue_arn,
        batch_size=batch_size,
        max_batching_window=cdk.Duration.seconds(window_s) if window_s else None,
        max_concurrency=max_concurrency,
        report_batch_item_failures=True,
    )
