"""Adds an answered request to what its client used on the day."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.aws.json_client import CONDITION_FAILED, AwsCallError
from chat_gateway.client_policies.clients_table import DynamoDb
from chat_gateway.client_policies.update_expression import Update
from client_usage import item as usage_item

_DAY_S = 86_400


class UsageRecords(NamedTuple):
    """The usage of all clients by day and model."""

    dynamodb: DynamoDb
    table: str
    kept_days: int

    def add(
        self, client_id: str | None, model: str, measures: Mapping[str, int], *, now_s: float, ends_at: float
    ) -> None:
        """Adds the measures (`client_usage.item.MEASURES`) to the day of `now_s`. Raises AwsCallError.

        A day's item has at most MAX_MODELS models; more are added to OTHER_MODELS, which takes a second call.
        """
        try:
            self._add(client_id, model, measures, now_s, ends_at)
        except AwsCallError as error:
            if error.code != CONDITION_FAILED:
                raise
            self._add(client_id, usage_item.OTHER_MODELS, measures, now_s, ends_at)

    def _add(
        self, client_id: str | None, model: str, measures: Mapping[str, int], now_s: float, ends_at: float
    ) -> None:
        day = time.strftime("%Y-%m-%d", time.gmtime(now_s))
        update = Update()
        update.add({usage_item.attribute(name, model): n for name, n in measures.items() if n})
        update.set(usage_item.EXPIRY, {"N": str((int(now_s) // _DAY_S + 1 + self.kept_days) * _DAY_S)})
        if model != usage_item.OTHER_MODELS:
            update.add_to_set(usage_item.MODELS, model)
            update.require_member_or_fewer(usage_item.MODELS, model, usage_item.MAX_MODELS)
        query = {
            "TableName": self.table,
            "Key": usage_item.of_day(day, client_id),
            **update.parameters(),
        }
        # A repeated call would count the request twice.
        self.dynamodb.call("UpdateItem", query, ends_at=ends_at, is_repeatable=False)
