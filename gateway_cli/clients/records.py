"""A client as the table has it: its own item, if it has one, and its keys."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from client_keys import item as client_item
from client_keys.item import Item
from gateway_cli.clients import settings
from gateway_cli.clients.errors import UnreadableClientError
from gateway_cli.clients.settings import CREATED_AT, ClientSettings
from resource_items import owners

ID_DIGITS = 12  # of a key's hash: enough to tell a client's keys apart, and to find a key in the list


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key, by its hash, or an IAM role, by the hash of its ARN. `item` is its item."""

    sha256: str
    item: Item

    @property
    def id(self) -> str:
        """How the key is named where people read it."""
        return self.sha256[:ID_DIGITS]

    @property
    def role(self) -> str | None:
        """The ARN of the role or user; None for a key."""
        return settings.string(self.item, client_item.ROLE)

    @property
    def created_at(self) -> str | None:
        return settings.string(self.item, CREATED_AT)

    @property
    def last_used_on(self) -> str | None:
        return settings.string(self.item, client_item.LAST_USED)

    @property
    def own_expiry(self) -> int | None:
        """Epoch seconds. Only temporary keys, and keys of earlier versions, may have one."""
        return settings.epoch_s(self.item, client_item.EXPIRY)

    @property
    def is_temporary(self) -> bool:
        """Whether the key was made for the time of a proof."""
        return client_item.EXPIRY in self.item and CREATED_AT not in self.item


@dataclass(frozen=True, kw_only=True)
class StoredClient:
    """A client. `item` is its own item: None for a client that an earlier version made. Keys are the oldest first."""

    client_id: str
    item: Item | None
    keys: tuple[StoredKey, ...] = ()

    @cached_property
    def _read(self) -> tuple[ClientSettings, tuple[str, ...]]:
        found, unreadable = settings.read(self.item or {})
        if any(client_item.EXPIRY in key.item and key.own_expiry is None for key in self.keys):
            unreadable += ("keys",)
        return found, unreadable

    @property
    def settings(self) -> ClientSettings:
        """What can be read of the settings; `unreadable` names what cannot."""
        return self._read[0]

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The names of attributes that this version cannot read."""
        return self._read[1]

    def readable_settings(self) -> ClientSettings:
        """The settings. Raises UnreadableClientError."""
        if self.unreadable:
            raise UnreadableClientError(self.client_id, self.unreadable)
        return self.settings

    @property
    def resources_owner(self) -> str:
        """The owner of the client's files, uploads and batches."""
        return owners.owner(self.client_id, client_item.text(self.item or {}, client_item.GENERATION))

    @property
    def created_at(self) -> str | None:
        """When the client was made; of an earlier version's, when its oldest key was."""
        if self.item is not None:
            return settings.string(self.item, CREATED_AT)
        return min((key.created_at for key in self.keys if key.created_at), default=None)

    @property
    def last_used_on(self) -> str | None:
        """The last day on which one of its keys was used."""
        return max((key.last_used_on for key in self.keys if key.last_used_on), default=None)

    @property
    def is_temporary(self) -> bool:
        return self.item is None and all(key.is_temporary for key in self.keys)

    def has_expired(self, now_s: float | None = None) -> bool:
        """Whether the client, or each of its keys, has expired."""
        now_s = time.time() if now_s is None else now_s
        if self.item is not None and client_item.has_expired(self.item, now_s):
            return True
        return bool(self.keys) and all(client_item.has_expired(key.item, now_s) for key in self.keys)


def of_items(items: Iterable[Item]) -> dict[str, StoredClient]:
    """The clients of these items of the table, by id and in the order of their ids."""
    own: dict[str, Item] = {}
    keys: dict[str, list[StoredKey]] = {}
    for item in items:
        client_id, hash_ = settings.string(item, client_item.CLIENT_ID), item[client_item.HASH]["S"]
        if not client_id:
            continue
        if hash_ == client_item.CLIENT_PREFIX + client_id:
            own[client_id] = item
        elif not hash_.startswith(client_item.CLIENT_PREFIX):
            keys.setdefault(client_id, []).append(StoredKey(sha256=hash_, item=item))
    return {
        client_id: StoredClient(
            client_id=client_id,
            item=own.get(client_id),
            keys=tuple(sorted(keys.get(client_id, ()), key=lambda key: (key.created_at or "", key.sha256))),
        )
        for client_id in sorted(own.keys() | keys.keys())
    }
