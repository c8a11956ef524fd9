"""What the worker needs for the lines of batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_gateway.jobs.batch_lines.counts import LineCounts
from chat_gateway.jobs.batch_lines.ends import LineEnds
from chat_gateway.jobs.batch_lines.loading import LineLoader, Loaded
from chat_gateway.jobs.batch_lines.open_batches import OpenBatches

if TYPE_CHECKING:
    from chat_gateway.client_policies.clients_table import DynamoDb
    from chat_gateway.client_policies.policies import ClientPolicies
    from chat_gateway.jobs.batch_lines.settings import BatchLinesSettings
    from chat_gateway.jobs.lines import JobMessage
    from chat_gateway.jobs.worker import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLines:
    """Loads lines, says whether they may be run, and ends them."""

    batches: OpenBatches
    loader: LineLoader
    ends: LineEnds

    @classmethod
    def of(
        cls,
        settings: BatchLinesSettings,
        storage: Storage,
        dynamodb: DynamoDb,
        policies: ClientPolicies,
        *,
        width: int,
    ) -> BatchLines:
        """With the worker's own clients of AWS."""
        batches = OpenBatches(dynamodb, settings.resources_table, policies, storage.records.clock)
        counts = LineCounts(
            dynamodb, settings.resources_table, batches, storage.post.sqs, settings.steps_queue_url
        )
        return cls(
            batches=batches,
            loader=LineLoader(batches, storage.results.s3, settings.files_bucket, width),
            ends=LineEnds(storage.records, storage.results, counts),
        )

    def load(self, messages: Sequence[JobMessage]) -> Loaded:
        """The messages with their lines, and why some are not run. Never raises."""
        return self.loader.load(messages)
