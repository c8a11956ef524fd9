"""A signed request is its role's client, by one read that is kept for a while."""

from __future__ import annotations

import pytest

from chat_gateway.client_policies.role_errors import (
    ClientNotActiveError,
    ClientsUnavailableError,
    NotAClientError,
)
from chat_gateway.client_policies.roles import RoleClient, RoleClients
from chat_gateway.client_policies.settings import RolesSettings
from client_keys.no_limits import NO_LIMITS
from tests.unit.chat_gateway.client_policies.role_table import ROLE, SESSION, RoleTable

POLICY = '{"v":1,"models":["fast"]}'


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_role_and_its_sessions_are_one_client() -> None:
    """Sessions of a role are the role's client, with its policy and generation, by one read of the table."""
    table = RoleTable(policy={"S": POLICY}, generation={"S": "0123"})
    clients = RoleClients(table.table, kept_s=60)
    for arn in (SESSION, ROLE, f"{SESSION}-2", "arn:aws:iam::123456789012:role/path/Caller"):
        assert clients.of_arn(arn) == RoleClient("team-a", POLICY, "0123")
    assert table.reads == 1


def test_client_without_limits() -> None:
    """A client without a policy has no limits."""
    client = RoleClients(RoleTable().table, kept_s=60).of_arn(SESSION)
    assert (client.policy, client.generation) == (NO_LIMITS, "")


def test_client_is_kept_as_long_as_said() -> None:
    """After `kept_s` the table is read again, and what has changed takes effect."""
    table, clock = RoleTable(), Clock()
    clients = RoleClients(table.table, kept_s=60, clock=clock)
    clients.of_arn(SESSION)
    table.item["state"] = {"S": "suspended"}
    clock.now_s += 59.9
    assert clients.of_arn(SESSION).client_id == "team-a"
    clock.now_s += 0.1
    with pytest.raises(ClientNotActiveError):
        clients.of_arn(SESSION)
    assert table.reads == 2


def test_nothing_is_kept_for_no_time() -> None:
    """With `kept_s` 0 each request reads the table."""
    table = RoleTable()
    clients = RoleClients(table.table, kept_s=0)
    for _ in range(3):
        clients.of_arn(SESSION)
    assert table.reads == 3


def test_kept_client_expires_in_time() -> None:
    """A client that expires while it is kept is refused from that second on."""
    table, clock = RoleTable(valid_until={"N": "1010"}), Clock()
    clients = RoleClients(table.table, kept_s=60, clock=clock)
    clients.of_arn(SESSION)
    clock.now_s = 1_010.0
    with pytest.raises(ClientNotActiveError):
        clients.of_arn(SESSION)
    assert table.reads == 1


@pytest.mark.parametrize("item", [{}, {"role_arn": {"S": ROLE}}, {"client_id": {"N": "7"}}])
def test_unknown_role_is_not_kept(item: dict[str, dict[str, str]]) -> None:
    """A role without a client is refused, with the command that adds it, and passes once it is added."""
    table = RoleTable()
    table.item = item
    clients = RoleClients(table.table, kept_s=60)
    with pytest.raises(NotAClientError, match="clients create ID --role-arn ARN") as caught:
        clients.of_arn(SESSION)
    assert caught.value.status == 403
    assert "Caller" not in caught.value.message
    table.item = {}
    with pytest.raises(NotAClientError):
        RoleClients(table.table, kept_s=60).of_arn(SESSION)


def test_added_role_passes_at_once() -> None:
    """What was unknown a moment ago is looked up again."""
    table = RoleTable()
    added, table.item = table.item, {}
    clients = RoleClients(table.table, kept_s=60)
    with pytest.raises(NotAClientError):
        clients.of_arn(SESSION)
    table.item = added
    assert clients.of_arn(SESSION).client_id == "team-a"


@pytest.mark.parametrize("arn", [None, "", "arn:aws:iam::123456789012:root", {"arn": ROLE}])
def test_nobody_is_not_looked_up(arn: object) -> None:
    """A caller that is no role and no user is refused without a read."""
    table = RoleTable()
    with pytest.raises(NotAClientError):
        RoleClients(table.table, kept_s=60).of_arn(arn)
    assert table.reads == 0


@pytest.mark.parametrize(
    "attributes",
    [
        {"state": {"S": "suspended"}},
        {"state": {"N": "1"}},
        {"valid_until": {"N": "1"}},
        {"expires_at": {"N": "1"}},
        {"valid_until": {"S": "later"}},
    ],
)
def test_inactive_client_is_refused(attributes: dict[str, dict[str, str]]) -> None:
    """A suspended or expired client gets 403, and so does one whose state cannot be read."""
    with pytest.raises(ClientNotActiveError) as caught:
        RoleClients(RoleTable(**attributes).table, kept_s=60).of_arn(SESSION)
    assert (caught.value.status, caught.value.code) == (403, "client_not_active")


def test_unreadable_table_is_503() -> None:
    """If the table cannot be read, nobody is let in, and SDKs may try again."""
    table = RoleTable()
    table.fails = True
    with pytest.raises(ClientsUnavailableError) as caught:
        RoleClients(table.table, kept_s=60).of_arn(SESSION)
    assert caught.value.status == 503
    assert caught.value.should_retry is None


def test_kept_clients_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process keeps a bounded number of roles."""
    monkeypatch.setattr("chat_gateway.client_policies.roles._MAX_KEPT", 1)
    table = RoleTable()
    table.call = lambda *_, **__: {"Item": table.item}  # type: ignore[method-assign]
    clients = RoleClients(table.table, kept_s=60)
    for name in ("A", "B", "C"):
        clients.of_arn(f"arn:aws:iam::123456789012:role/{name}")
    assert len(clients._kept) == 1


@pytest.mark.parametrize("kept_s", [0, 1, 3600])
def test_settings_come_back(kept_s: int) -> None:
    """The function reads the time that the stack writes, also none."""
    assert RolesSettings.from_env(RolesSettings(kept_s).to_env()).kept_s == kept_s
