"""Which credential may be deleted: never one whose key may be in use."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from key_rotation.spare_credentials import Credential, Current, current_of, spare_of
from key_rotation.stored_key import StoredKey

NOW = datetime(2026, 11, 27, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, NEW = Credential("old", NOW - DAY, "user-v1"), Credential("new", NOW + DAY, "user-v2")


def key_of(alias: str, credential_id: str | None = None) -> StoredKey:
    return StoredKey("ABSK" + base64.b64encode(f"{alias}:secret".encode()).decode(), credential_id)


OPAQUE = StoredKey("opaque-key")


def test_the_current_one() -> None:
    """The secret's id or the key's alias show which credential is current."""
    assert current_of([OLD, NEW], StoredKey("opaque-key", "old")) == OLD
    assert current_of([OLD, NEW], key_of("user-v1")) == OLD
    assert current_of([OLD, NEW], key_of("user-v1", "old")) == OLD
    assert current_of([OLD, NEW], key_of("user-v1", "of another user")) == OLD


def test_an_uncertain_one() -> None:
    """Without an id or alias, with two that disagree, or with an alias of two credentials, it is not certain."""
    assert current_of([OLD, NEW], OPAQUE) is None
    assert current_of([OLD, NEW], None) is None
    assert current_of([OLD, NEW], key_of("user-v1", "new")) is None
    twins = [OLD, NEW._replace(alias=OLD.alias)]
    assert current_of(twins, key_of("user-v1")) is None
    assert current_of(twins, key_of("user-v1", "new")) == twins[1]


def test_the_spare_one() -> None:
    """The other one may go if the current one is known, or else only one that is younger than the secret's text."""
    assert spare_of([OLD, NEW], Current(key_of("user-v2"), NOW)) == OLD
    assert spare_of([OLD, NEW], Current(key_of("user-v1"), NOW)) == NEW
    assert spare_of([OLD, NEW], Current(OPAQUE, NOW)) == NEW
    assert spare_of([OLD, NEW], Current(OPAQUE, NOW + 2 * DAY)) is None
    assert spare_of([OLD, NEW], Current(OPAQUE, NEW.created_at - timedelta(seconds=5))) is None
    assert spare_of([OLD, NEW], Current(key_of("user-v1", "new"), NOW)) is None
    assert spare_of([OLD], Current(key_of("user-v1"), NOW)) is None


def test_an_expired_one_goes_first() -> None:
    """An expired key works for nobody, so it may go even if the current one is not known."""
    expired = OLD._replace(is_expired=True)
    assert spare_of([expired, NEW], Current(OPAQUE, NOW + 2 * DAY)) == expired
    assert spare_of([NEW, expired], Current(OPAQUE, NOW)) == expired


aliases = st.sampled_from(["user-v1", "user-v2", "user-v3", None])
credentials = st.lists(
    st.builds(
        Credential,
        id=st.sampled_from(["a", "b", "c"]),
        created_at=st.datetimes(timezones=st.just(UTC)),
        alias=aliases,
        is_expired=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda one: one.id,
)


@given(
    credentials,
    st.sampled_from(["user-v1", "user-v2", "opaque"]),
    st.sampled_from(["a", "b", None]),
    st.datetimes(timezones=st.just(UTC)),
)
def test_never_the_one_in_use(
    existing: list[Credential], alias: str, credential_id: str | None, stored_at: datetime
) -> None:
    """Whatever IAM lists, the spare one is listed, is not the current one, and is known not to be in use."""
    current = Current(key_of(alias, credential_id), stored_at)
    spare, in_use = spare_of(existing, current), current_of(existing, current.key)
    if spare is None:
        return
    assert spare in existing
    assert spare != in_use
    assert spare.id != credential_id
    assert in_use is not None or spare.is_expired or spare.created_at > stored_at
