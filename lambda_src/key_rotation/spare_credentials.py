"""Decides which of the user's credentials may be deleted. The one whose key is in use never may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from key_rotation.stored_key import StoredKey

# The clocks of IAM and Secrets Manager may differ.
_CLOCKS_DIFFER_BY = timedelta(seconds=10)


class Credential(NamedTuple):
    """A service-specific credential of the user, as IAM lists it. The list never shows the key."""

    id: str
    created_at: datetime
    alias: str | None = None
    is_expired: bool = False


class Current(NamedTuple):
    """The version of the secret that functions read. `key`: None if it holds no key."""

    key: StoredKey | None
    stored_at: datetime


def current_of(credentials: Sequence[Credential], key: StoredKey | None) -> Credential | None:
    """The credential that `key` belongs to; None if that is not certain.

    The secret may name the credential, and the key may show its alias. If both do, they must agree.
    """
    found = _possible(credentials, key)
    return found[0] if len(found) == 1 else None


def spare_of(credentials: Sequence[Credential], current: Current) -> Credential | None:
    """A credential that is not in use; None if there is none, or if that is not certain.

    An expired credential goes first, and then the oldest. If it is not known which credential is current, only one that was
    made after the current version was stored may go: a rotation made it, and ended before it stored the key.
    """
    possible = _possible(credentials, current.key)
    others = sorted((one for one in credentials if one not in possible), key=lambda one: one.created_at)
    expired = next((one for one in others if one.is_expired), None)
    if expired is not None:
        return expired
    if len(possible) == 1:
        return next(iter(others), None)
    return next((one for one in reversed(others) if _is_younger(one, current)), None)


def _possible(credentials: Sequence[Credential], key: StoredKey | None) -> list[Credential]:
    """The credentials that the secret names or whose alias the key shows. An alias of several shows none of them."""
    if key is None:
        return []
    shown = [one for one in credentials if one.alias is not None and one.alias == key.alias]
    ids = {key.credential_id, *(one.id for one in shown if len(shown) == 1)}
    return [one for one in credentials if one.id in ids]


def _is_younger(credential: Credential, current: Current) -> bool:
    return credential.created_at > current.stored_at + _CLOCKS_DIFFER_BY
