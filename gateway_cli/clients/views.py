"""Clients as `list` and `show` print them: tables for people, JSON for scripts. Never a whole key or its whole hash."""

from __future__ import annotations

from typing import Any

import click

from client_keys import item as client_item
from client_keys.policy import Policy
from gateway_cli import dollars
from gateway_cli.clients import dates, limits
from gateway_cli.clients.limits import BUDGET, LIMITS
from gateway_cli.clients.records import StoredClient, StoredKey
from gateway_cli.jobs import screen

_NONE = "-"


def document(client: StoredClient) -> dict[str, Any]:
    """The client's JSON. docs/clients.md describes its fields."""
    settings = client.settings
    return {
        "id": client.client_id,
        "name": settings.name,
        "owner": settings.owner,
        "state": client_item.ACTIVE if settings.is_active else client_item.SUSPENDED,
        "expired": client.has_expired(),
        "expires": _time(settings.valid_until),
        "models": None if settings.policy.models is None else list(settings.policy.models),
        **limits.document(settings.policy),
        "stream": settings.policy.may_stream,
        "jobs": settings.policy.may_send_jobs,
        "created": _created(client.created_at),
        "last_used": client.last_used_on,
        "keys": [_key_document(key) for key in client.keys],
        "unreadable": list(client.unreadable),
    }


def budget_document(client: StoredClient, used: int | None) -> dict[str, float | None]:
    """The field that only a client with a budget has. `used` as in `print_one`."""
    if BUDGET.of(client.settings.policy) is None:
        return {}
    return {"budget_used_usd": None if used is None else dollars.number(used)}


def print_list(clients: list[StoredClient]) -> None:
    """A table with a row for each client."""
    columns = ("client", "name", "owner", "state", "expires", "limits", "last used", "keys")
    screen.table(columns, (_row(client) for client in clients))


def print_one(client: StoredClient, budget_used: int | None = None) -> None:
    """A table of the client's settings, and one of its keys.

    `budget_used` is what is used of the month's budget, in billionths of a US dollar; None: not known.
    """
    settings, policy = client.settings, client.settings.policy
    rows = (
        ("name", settings.name or _NONE),
        ("owner", settings.owner or _NONE),
        ("state", _state(client)),
        ("expires", _time(settings.valid_until) or "never"),
        *_models(policy.models),
        *_limit_rows(policy, budget_used),
        ("streaming", _yes(policy.may_stream)),
        ("jobs", _yes(policy.may_send_jobs)),
        ("created", _created(client.created_at) or _NONE),
        ("last used", client.last_used_on or _NONE),
    )
    unreadable = (("not readable", ", ".join(client.unreadable)),) if client.unreadable else ()
    screen.table(("client", client.client_id), (*rows, *unreadable))
    if client.keys:
        _print_keys(client.keys)


def _print_keys(keys: tuple[StoredKey, ...]) -> None:
    """A table of the keys; with a column for the ARNs if some of them are roles."""
    columns: tuple[str, ...] = ("key", "created", "last used", "expires")
    rows: list[tuple[str, ...]] = [
        (
            key.id,
            _created(key.created_at) or _NONE,
            key.last_used_on or _NONE,
            _time(key.own_expiry) or "as the client",
        )
        for key in keys
    ]
    if any(key.role for key in keys):
        columns = (*columns, "role")
        rows = [(*row, key.role or _NONE) for row, key in zip(rows, keys, strict=True)]
    click.echo()
    screen.table(columns, rows)


def _models(models: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """A row for each pattern."""
    shown = ("all",) if models is None else models or ("none",)
    return [("models" if row == 0 else "", model) for row, model in enumerate(shown)]


def _limit_rows(policy: Policy, budget_used: int | None) -> list[tuple[str, str]]:
    rows = {limit.label: limit.shown(policy) or "no limit" for limit in LIMITS}
    if budget_used is not None:
        rows[BUDGET.label] += f", {dollars.shown(budget_used)} used"
    return list(rows.items())


def _row(client: StoredClient) -> tuple[object, ...]:
    settings = client.settings
    return (
        client.client_id,
        settings.name or _NONE,
        settings.owner or _NONE,
        _state(client),
        _time(settings.valid_until) or "never",
        _limits(client),
        client.last_used_on or _NONE,
        " ".join(key.id for key in client.keys) or _NONE,
    )


def _limits(client: StoredClient) -> str:
    policy = client.settings.policy
    found = []
    if policy.models is not None:
        found.append("1 model" if len(policy.models) == 1 else f"{len(policy.models)} models")
    found += [f"{shown}{limit.in_list}" for limit in LIMITS if (shown := limit.shown(policy))]
    if not policy.may_stream:
        found.append("no streaming")
    if not policy.may_send_jobs:
        found.append("no jobs")
    found += [f"{name} not readable" for name in client.unreadable]
    return ", ".join(found) or "none"


def _state(client: StoredClient) -> str:
    if not client.settings.is_active:
        return client_item.SUSPENDED
    return "expired" if client.has_expired() else client_item.ACTIVE


def _key_document(key: StoredKey) -> dict[str, str | None]:
    return {
        "id": key.id,
        "created": _created(key.created_at),
        "last_used": key.last_used_on,
        "expires": _time(key.own_expiry),
        **({} if key.role is None else {"role": key.role}),
    }


def _time(epoch_s: int | None) -> str | None:
    return None if epoch_s is None else dates.shown(epoch_s)


def _created(text: str | None) -> str | None:
    """The stored time, as all other times are shown."""
    return None if text is None else text.replace("+00:00", "Z")


def _yes(is_allowed: bool) -> str:
    return "yes" if is_allowed else "no"
