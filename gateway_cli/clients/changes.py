"""Creates, changes and deletes clients and their keys; each change is one transaction or none."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from client_keys import item as client_item
from client_keys import key as client_key
from client_keys import table as new_keys
from client_keys.item import Item
from gateway_cli.clients import dates
from gateway_cli.clients.errors import ChangedMeanwhileError, ClientExistsError, KeysError
from gateway_cli.clients.records import StoredClient, StoredKey
from gateway_cli.clients.settings import ATTRIBUTES, CREATED_AT, ClientSettings
from gateway_cli.clients.table import ClientsTable

_GENERATION_BYTES = 8
MAX_KEYS = 2  # so that a key can be replaced while callers still use the other


def create(table: ClientsTable, client_id: str, settings: ClientSettings, *, key: str | None = None) -> str:
    """The key of the new client: `key` if given, else a new one.

    Raises ClientExistsError and UnusablePolicyError.
    """
    key = key or new_keys.new_key()
    created_at = dates.now()
    own = new_item(settings, created_at)
    if table.find(client_id) is not None:
        raise ClientExistsError(client_id)
    try:
        table.write(StoredClient(client_id=client_id, item=None), own, (_new(key, created_at),))
    except ChangedMeanwhileError:
        raise ClientExistsError(client_id) from None
    return key


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
    if len(client.keys) >= MAX_KEYS:
        raise KeysError(
            f"The client {client.client_id} has {len(client.keys)} keys ({_ids(client.keys)}), and may have "
            f"{MAX_KEYS}: revoke one first."
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


def _ids(keys: Iterable[StoredKey]) -> str:
    return ", ".join(key.id for key in keys)
