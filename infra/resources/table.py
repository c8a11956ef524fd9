"""The table of files, uploads and batches."""

from __future__ import annotations

from constructs import Construct

from infra.durable_table import durable_table
from infra.settings.environment import Environment
from resource_items import table as resource_items


class ResourcesTable(Construct):
    """One item for each file, upload, part and batch, and the state of each batch."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = durable_table(
            self,
            environment,
            partition_key=resource_items.OWNER,
            sort_key=resource_items.ID,
            expiry=resource_items.EXPIRY,
        )
