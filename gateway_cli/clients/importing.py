"""Brings the clients of a file into the table: compares all of them first, then writes one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gateway_cli.clients import changes, client_lines, dates
from gateway_cli.clients.client_lines import ListedClient
from gateway_cli.clients.records import StoredClient
from gateway_cli.clients.table import ClientsTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import does: clients to create, clients to change with their new settings, and clients that are so already."""

    new: list[ListedClient] = field(default_factory=list)
    changed: list[tuple[StoredClient, ListedClient]] = field(default_factory=list)
    same: list[ListedClient] = field(default_factory=list)


def plan(stored: Mapping[str, StoredClient], listed: Iterable[ListedClient], *, may_update: bool) -> Plan:
    """Compares a file with the table. Raises NotImportedError.

    An existing client keeps its keys: a key that was revoked does not come back with an older file.
    """
    owners = {key.sha256: client.client_id for client in stored.values() for key in client.keys}
    found, problems = Plan(), []
    for client in listed:
        before = stored.get(client.client_id)
        if before is None:
            found.new.append(client)
            taken = [key for key in client.keys if key.sha256 in owners]
            problems += [
                f"line {client.line}: the key {key.id} belongs to the client {owners[key.sha256]}"
                for key in taken
            ]
        elif before.settings == client.settings and not before.unreadable:
            found.same.append(client)
        else:
            found.changed.append((before, client))
            if not may_update:
                problems.append(
                    f"line {client.line}: the client {client.client_id} exists and differs; --update changes it"
                )
    client_lines.refuse(problems)
    return found


@dataclass(slots=True)
class Import:
    """Carries a plan out. `created` and `updated` say how far it is."""

    table: ClientsTable
    plan: Plan
    created: int = 0
    updated: int = 0

    def run(self, watch: Callable[[int], None] = lambda _: None) -> None:
        """Raises ChangedMeanwhileError for the first client that was changed since the plan was made."""
        for client in self.plan.new:
            created_at = client.created_at or dates.now()
            own = changes.new_item(client.settings, created_at)
            self.table.write(StoredClient(client_id=client.client_id, item=None), own, client.keys)
            self.created += 1
            watch(self.created)
        for before, client in self.plan.changed:
            changes.update(self.table, before, client.settings)
            self.updated += 1
            watch(self.created + self.updated)
