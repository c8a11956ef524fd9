"""The table of the clients that may call the gateway."""

from __future__ import annotations

from constructs import Construct

from client_keys import item as client_item
from infra.durable_table import durable_table
from infra.settings.environment import Environment


class ClientsTable(Construct):
    """One item for each client key. The partition key is the client key's hash."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = durable_table(
            self,
            environment,
            partition_key=client_item.HASH,
            expiry=client_item.EXPIRY,
        )
