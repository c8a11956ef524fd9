"""A table of clients in which one IAM role is a client's."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable

ROLE = "arn:aws:iam::123456789012:role/Caller"
SESSION = "arn:aws:sts::123456789012:assumed-role/Caller/i-0123456789"


class RoleTable:
    """DynamoDB with the role's item. Counts the reads; `fails` has each of them fail."""

    def __init__(self, **attributes: dict[str, str]) -> None:
        self.item: dict[str, Any] = {"client_id": {"S": "team-a"}, **attributes}
        self.reads, self.fails = 0, False

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        assert operation == "GetItem"
        assert parameters["ConsistentRead"] is True
        self.reads += 1
        if self.fails:
            raise AwsCallError(operation, "TimeoutError", is_passing=True)
        is_role = parameters["Key"] == {"key_sha256": {"S": hashlib.sha256(ROLE.encode()).hexdigest()}}
        return {"Item": dict(self.item)} if is_role and self.item else {}

    @property
    def table(self) -> ClientsTable:
        return ClientsTable(self, "clients")
