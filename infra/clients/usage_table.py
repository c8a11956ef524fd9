"""The table of what clients used, and of the counters of their limits."""

from __future__ import annotations

from constructs import Construct

from client_usage import item as usage_item
from infra.durable_table import durable_table
from infra.settings.environment import Environment


class UsageTable(Construct):
    """One item for each client's counters, and one item for each client and day."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = durable_table(
            self,
            environment,
            partition_key=usage_item.PARTITION_KEY,
            sort_key=usage_item.SORT_KEY,
            expiry=usage_item.EXPIRY,
        )
