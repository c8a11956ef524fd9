"""Finds the client of the IAM role that signed a request, as the authorizer finds the client of a key.

https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.role_errors import (
    ClientNotActiveError,
    ClientsUnavailableError,
    NotAClientError,
)
from client_keys import item as client_item
from client_keys import principal
from client_keys.item import Item
from client_keys.no_limits import NO_LIMITS
from client_keys.principal import NoPrincipalError

_MAX_KEPT = 1000


class RoleClient(NamedTuple):
    """A role's client: what the authorizer says of a key's client."""

    client_id: str
    policy: str
    generation: str


class RoleClients:
    """Reads roles' items, and keeps each that is there for `kept_s`. `clock` is in epoch seconds.

    A role that is not there is not kept: once an operator has added it, its next request passes.
    """

    def __init__(self, table: ClientsTable, *, kept_s: float, clock: Callable[[], float] = time.time) -> None:
        self._table, self._kept_s, self._clock = table, kept_s, clock
        self._kept: dict[str, tuple[float, Item]] = {}

    def of_arn(self, arn: object) -> RoleClient:
        """The client of the role or user that has this ARN, or whose session has.

        Raises NotAClientError, ClientNotActiveError and ClientsUnavailableError.
        """
        try:
            item = self._item(principal.of_arn(arn))
        except NoPrincipalError:
            raise NotAClientError from None
        except AwsCallError as error:
            raise ClientsUnavailableError(str(error)) from None
        client_id = client_item.text(item, client_item.CLIENT_ID)
        if not client_id:
            raise NotAClientError
        if client_item.is_suspended(item) or client_item.has_expired(item, self._clock()):
            raise ClientNotActiveError
        policy = client_item.text(item, client_item.POLICY) if client_item.POLICY in item else NO_LIMITS
        return RoleClient(client_id, policy, client_item.text(item, client_item.GENERATION))

    def _item(self, role: str) -> Item:
        now_s = self._clock()
        kept = self._kept.get(role)
        if kept is not None and now_s - kept[0] < self._kept_s:
            return kept[1]
        item = self._table.role_item(role)
        if not item:
            self._kept.pop(role, None)
        elif self._kept_s:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[role] = now_s, item
        return item
