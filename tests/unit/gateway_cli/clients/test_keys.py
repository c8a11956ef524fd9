"""`clients rotate`, `revoke` and `delete`: two keys, so that callers can change from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def made(run: Run, *, keys: int = 1) -> list[str]:
    """The hashes of the keys of a new client, team-a."""
    first = run("create", "team-a", "--model", "m").stdout
    rest = [run("rotate", "team-a").stdout for _ in range(keys - 1)]
    return [stored.sha256(key.strip()) for key in (first, *rest)]


def keys_in(dynamodb: DynamoDBClient) -> set[str]:
    """The hashes in the client's own item; each is checked to be in the table."""
    items = stored.items(dynamodb)
    keys = set(items["client#team-a"].get("keys", {"SS": []})["SS"])
    assert items.keys() == {"client#team-a", *keys}
    return keys


def test_rotated_client_has_both_keys(run: Run, dynamodb: DynamoDBClient) -> None:
    """The new key is printed alone, has the client's limits, and leaves the first key as it is."""
    (first,) = made(run)
    before = stored.items(dynamodb)[first]
    result = run("rotate", "team-a")
    second = stored.sha256(result.stdout.strip())
    assert result.stdout.count("\n") == 1
    assert first[:12] in result.stderr
    items = stored.items(dynamodb)
    assert keys_in(dynamodb) == {first, second}
    assert items[first] == before
    assert items[second]["policy"] == before["policy"]


def test_third_key_is_refused(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client with two keys gets no third one until one is revoked."""
    made(run, keys=2)
    before = stored.items(dynamodb)
    result = run("rotate", "team-a")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "revoke one first" in result.stderr
    assert stored.items(dynamodb) == before


def test_suspended_client_gets_a_suspended_key(run: Run, dynamodb: DynamoDBClient) -> None:
    """A new key does not let a suspended client in."""
    made(run)
    run("suspend", "team-a", "--yes")
    key = run("rotate", "team-a").stdout.strip()
    assert stored.of_key(dynamodb, key)["state"] == {"S": "suspended"}


def test_only_key_needs_no_prefix(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client's only key is revoked by the client's id; the client stays, and can get a new key."""
    made(run)
    result = run("revoke", "team-a", "--yes")
    assert result.exit_code == 0
    assert "team-a has no keys now" in result.stdout
    assert keys_in(dynamodb) == set()
    assert run("rotate", "team-a").exit_code == 0
    assert len(keys_in(dynamodb)) == 1


@pytest.mark.parametrize("digits", [4, 12, 64])
def test_prefix_chooses_a_key(run: Run, dynamodb: DynamoDBClient, digits: int) -> None:
    """Of two keys, the one whose hash begins with the prefix is revoked."""
    first, second = made(run, keys=2)
    assert run("revoke", "team-a", "--yes", "--key", first[:digits].upper()).exit_code == 0
    assert keys_in(dynamodb) == {second}


def test_all_keys_are_revoked(run: Run, dynamodb: DynamoDBClient) -> None:
    """--all revokes every key."""
    made(run, keys=2)
    assert run("revoke", "team-a", "--yes", "--all").exit_code == 0
    assert keys_in(dynamodb) == set()


def test_ambiguous_revocation_changes_nothing(run: Run, dynamodb: DynamoDBClient) -> None:
    """Without a choice between two keys, or with a prefix of neither, the error lists the keys."""
    first, second = made(run, keys=2)
    neither = next(
        f"{n:04x}" for n in range(3) if not any(key.startswith(f"{n:04x}") for key in (first, second))
    )
    for options in ((), ("--key", neither)):
        result = run("revoke", "team-a", "--yes", *options)
        assert result.exit_code == 1
        assert first[:12] in result.stderr
        assert second[:12] in result.stderr
    assert keys_in(dynamodb) == {first, second}


def test_ambiguous_prefix_changes_nothing(run: Run, dynamodb: DynamoDBClient) -> None:
    """A prefix that two keys begin with chooses neither."""
    for hash_ in ("ab" * 32, "ab" * 31 + "cd"):
        stored.put(dynamodb, hash_, "team-a")
    result = run("revoke", "team-a", "--yes", "--key", "abab")
    assert result.exit_code == 1
    assert "2 keys that begin with abab" in result.stderr
    assert len(stored.items(dynamodb)) == 2


def test_wrong_only_key_is_not_revoked(run: Run, dynamodb: DynamoDBClient) -> None:
    """A prefix counts also where the client has one key."""
    (only,) = made(run)
    other = "0000" if not only.startswith("0000") else "1111"
    assert run("revoke", "team-a", "--yes", "--key", other).exit_code == 1
    assert keys_in(dynamodb) == {only}


def test_key_and_all_are_wrong_usage(run: Run) -> None:
    """A command line that chooses one key and all keys is refused."""
    made(run)
    assert run("revoke", "team-a", "--yes", "--all", "--key", "abcd").exit_code == 2


def test_client_without_keys_has_none_to_revoke(run: Run) -> None:
    """Revoking twice says that there is nothing left."""
    made(run)
    run("revoke", "team-a", "--yes")
    result = run("revoke", "team-a", "--yes")
    assert result.exit_code == 1
    assert "has no key" in result.stderr


def test_deleted_client_is_gone_with_its_keys(run: Run, dynamodb: DynamoDBClient) -> None:
    """Deleting removes the client and its keys, and no other client's."""
    made(run, keys=2)
    run("create", "team-b")
    assert run("delete", "team-a", "--yes").exit_code == 0
    assert {item["client_id"]["S"] for item in stored.items(dynamodb).values()} == {"team-b"}


def test_legacy_client_is_deleted(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client without an item of its own is deleted by deleting its keys."""
    stored.put_legacy(dynamodb, "old", keys=3)
    assert run("delete", "old", "--yes").exit_code == 0
    assert stored.items(dynamodb) == {}


def test_legacy_client_may_have_more_keys(run: Run, dynamodb: DynamoDBClient) -> None:
    """Of a client with four keys, one can be revoked; it gets no further key."""
    first, *rest = stored.put_legacy(dynamodb, "team-a", keys=4)
    assert run("rotate", "team-a").exit_code == 1
    assert run("revoke", "team-a", "--yes", "--key", first[:12]).exit_code == 0
    assert keys_in(dynamodb) == set(rest)


def test_more_keys_than_a_transaction_takes(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client whose keys do not fit into one transaction is left as it is, with a clear error."""
    for number in range(100):
        stored.put(dynamodb, stored.sha256(str(number)), "old")
    result = run("suspend", "old", "--yes")
    assert result.exit_code == 1
    assert "has 100 keys" in result.stderr
    assert not any("state" in item for item in stored.items(dynamodb).values())
