"""Creates, changes and deletes clients and their keys; each change is one transaction or none."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from client_keys import item as client_item
from client_keys import key as client_key
from client_keys import table as new_keys
from client_keys.item import Item
from gateway_cli.clients import dates
from gateway_cli.clients.errors import (
    ChangedMeanwhileError,
    ClientExistsError,
    KeysError,
    RoleTakenError,
)
from gateway_cli.clients.records import StoredClient, StoredKey
from gateway_cli.clients.settings import ATTRIBUTES, CREATED_AT, ClientSettings
from gateway_cli.clients.table import ClientsTable

_GENERATION_BYTES = 8
MAX_KEYS = 2  # so that a key can be replaced while callers still use the other
MAX_KEYS_AND_ROLES = 50  # all of them are written with their client


def create(table: ClientsTable, client_id: str, settings: ClientSettings, *, key: str | None = None) -> str:
    """The key of the new client: `key` if given, else a new one.

    Raises ClientExistsError and UnusablePolicyError.
    """
    key, created_at = key or new_keys.new_key(), dates.now()
    _create(table, client_id, settings, (_new(key, created_at),), created_at)
    return key


def create_without_key(
    table: ClientsTable, client_id: str, settings: ClientSettings, *, role: str | None = None
) -> None:
    """Creates a client for callers who sign as `role` or, without a role, for those who send JWTs.

    Raises ClientExistsError, RoleTakenError and UnusablePolicyError.
    """
    if role is not None and (other := table.client_of_role(role)) is not None:
        raise RoleTakenError(role, other)
    created_at = dates.now()
    keys = () if role is None else (_new_role(role, created_at),)
    _create(table, client_id, settings, keys, created_at)


def add_role(table: ClientsTable, client: StoredClient, role: str) -> None:
    """Lets the role in as the client. Raises RoleTakenError, KeysError and ChangedMeanwhileError."""
    if (other := table.client_of_role(role)) is not None:
        raise RoleTakenError(role, other)
    if len(client.keys) >= MAX_KEYS_AND_ROLES:
        raise KeysError(
            f"The client {client.client_id} has {len(client.keys)} keys and roles: revoke one first."
        )
    table.write(client, own_item(client), (*client.keys, _new_role(role, dates.now())))


def _create(
    table: ClientsTable,
    client_id: str,
    settings: ClientSettings,
    keys: tuple[StoredKey, ...],
    created_at: str,
) -> None:
    own = new_item(settings, created_at)
    if table.find(client_id) is not None:
        raise ClientExistsError(client_id)
    try:
        table.write(StoredClient(client_id=client_id, item=None), own, keys)
    except ChangedMeanwhileError:
        raise ClientExistsError(client_id) from None


def new_item(settings: ClientSettings, created_at: str) -> Item:
    """The own item of a client that does not exist yet. Raises UnusablePolicyError."""
    generation = secrets.token_hex(_GENERATION_BYTES)
    return {
        **settings.attributes(),
        CREATED_AT: {"S": created_at},
        client_item.GENERATION: {"S": generation},
    }


def update(table: ClientsTable, client: StoredClient, settings: ClientSettings) -> None:
    """Gives the client these settings. Raises ChangedMeanwhileError and UnusablePolicyError."""
    kept = {name: value for name, value in own_item(client).items() if name not in ATTRIBUTES}
    table.write(client, {**kept, **settings.attributes()}, client.keys)


def set_active(table: ClientsTable, client: StoredClient, *, is_active: bool) -> None:
    """Suspends the client, or lets it in again. Raises ChangedMeanwhileError."""
    state = client_item.ACTIVE if is_active else client_item.SUSPENDED
    table.write(client, {**own_item(client), client_item.STATE: {"S": state}}, client.keys)


def rotate(table: ClientsTable, client: StoredClient) -> str:
    """A second key. Raises KeysError if there are two, and ChangedMeanwhileError."""
    keys = [key for key in client.keys if key.role is None]
    if len(keys) >= MAX_KEYS:
        raise KeysError(
            f"The client {client.client_id} has {len(keys)} keys ({_ids(keys)}), and may have {MAX_KEYS}: "
            "revoke one first."
        )
    key = new_keys.new_key()
    table.write(client, own_item(client), (*client.keys, _new(key, dates.now())))
    return key


def revoke(table: ClientsTable, client: StoredClient, revoked: Iterable[StoredKey]) -> None:
    """Deletes these keys of the client. Raises ChangedMeanwhileError."""
    gone = {key.sha256 for key in revoked}
    table.write(client, own_item(client), tuple(key for key in client.keys if key.sha256 not in gone))


def chosen(client: StoredClient, *, prefix: str | None, every: bool) -> tuple[StoredKey, ...]:
    """The keys that an operator means: those whose hash has that prefix, all, or the only one. Raises KeysError."""
    if not client.keys:
        raise KeysError(f"The client {client.client_id} has no key.")
    if every:
        return client.keys
    found = tuple(key for key in client.keys if key.sha256.startswith(prefix or ""))
    if len(found) == 1:
        return found
    what = (
        f"{len(client.keys)} keys"
        if prefix is None
        else f"{len(found) or 'no'} keys that begin with {prefix}"
    )
    raise KeysError(
        f"Nothing was changed: the client {client.client_id} has {what}. Choose one with --key: {_ids(client.keys)}."
    )


def own_item(client: StoredClient) -> Item:
    """The client's own item; for a client of an earlier version, the one that it gets with its first change."""
    if client.item is not None:
        return dict(client.item)
    created: Mapping[str, Item] = {CREATED_AT: {"S": client.created_at or dates.now()}}
    return {**ClientSettings().attributes(), **created}


def _new(key: str, created_at: str) -> StoredKey:
    return StoredKey(sha256=client_key.sha256(key), item={CREATED_AT: {"S": created_at}})


def _new_role(arn: str, created_at: str) -> StoredKey:
    item = {CREATED_AT: {"S": created_at}, client_item.ROLE: {"S": arn}}
    return StoredKey(sha256=client_key.sha256(arn), item=item)


def _ids(keys: Iterable[StoredKey]) -> str:
    return ", ".join(key.id for key in keys)
