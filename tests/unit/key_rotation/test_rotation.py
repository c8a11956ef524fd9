"""Whole rotations: the key in use always works, and the user never has more than two keys."""

from __future__ import annotations

import contextlib
import itertools
import json

import pytest

from tests.unit.key_rotation.fake_aws import CURRENT, PENDING, PREVIOUS, USER, KilledError
from tests.unit.key_rotation.rotations import LATER, STEPS, World

BEGINNINGS = ("a plain key", "an opaque key", "JSON", "a rotated key", "no key", "another user's key")
# From these, the first rotation cannot know that a key which it lost is not in use. The second one deletes it.
UNKNOWN_AT_FIRST = ("no key", "another user's key")


@pytest.mark.parametrize("begins", BEGINNINGS)
def test_two_rotations(begins: str) -> None:
    """After each of two rotations the key is new and works, and the one before it works until the next rotation."""
    world = World(begins)
    for _ in range(2):
        before = world.key(CURRENT)
        world.rotate()
        now = world.key(CURRENT)
        assert now is not None
        assert now != before
        assert now.credential_id == world.credential(CURRENT)
        assert before is None or world.iam.accepts(before.api_key)
        assert world.iam.ids() == world.expected()
        assert world.secret.labels[PENDING] == world.secret.labels[CURRENT]
        world.calls.now += LATER


def test_the_stored_text() -> None:
    """The secret holds JSON that the gateway's functions can read, and says which credential and user it belongs to."""
    world = World("a plain key")
    world.rotate()
    stored = json.loads(world.secret.text())
    id_ = stored["credential_id"]
    assert stored == {"api_key": world.iam.keys[id_], "credential_id": id_, "user": USER}


@pytest.mark.parametrize("kills_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("begins", BEGINNINGS)
def test_killed_at_any_call(begins: str, kills_after: bool) -> None:
    """A function that is killed at any one call, before or after its effect, goes on, and leaves no key behind."""
    for kill_at in itertools.count(1):
        world = World(begins)
        world.calls.kills_after = kills_after
        world.calls.kill_at = world.calls.count + kill_at
        world.rotate()
        if world.calls.kill_at:  # no call has this number
            break
        world.calls.now += LATER
        if begins in UNKNOWN_AT_FIRST:
            world.rotate()
        assert world.iam.ids() == world.expected()
        assert world.credential(CURRENT) is not None
    assert kill_at > len(STEPS) * 2


@pytest.mark.parametrize("begins", ["an opaque key", "a rotated key"])
def test_killed_twice(begins: str) -> None:
    """The same if the function is killed again, at any later call."""
    for first, second in itertools.product(range(1, 14), range(1, 14)):
        world = World(begins)
        token = world.secret.begin()
        for kill_at in (first, second):
            world.calls.kills_after = True
            world.calls.kill_at = world.calls.count + kill_at
            with contextlib.suppress(KilledError):
                for step in STEPS:
                    world.step(step, token)
            world.calls.now += LATER
        world.calls.kill_at = 0
        world.rotate()
        assert world.iam.ids() == world.expected()
        assert world.credential(CURRENT) is not None


def test_steps_may_be_repeated() -> None:
    """A step that is called twice does the same as once, also after the end of the rotation."""
    world = World("a plain key")
    token = world.secret.begin()
    for step in STEPS:
        world.step(step, token)
        world.step(step, token)
    ids = world.iam.ids()
    for step in STEPS:
        world.step(step, token)
    assert world.iam.ids() == ids == world.expected()
    assert [line["outcome"] for line in world.lines()[-4:]] == ["already current"] * 4


def test_two_unknown_keys() -> None:
    """If the user has two keys and neither can be shown to be unused, none is deleted, and the error says what to do."""
    world = World("an opaque key")
    other, _ = world.iam.make(USER)
    world.iam.credentials[other]["CreateDate"] -= 3 * LATER
    before = world.iam.ids()
    told = world.failure("createSecret")
    assert world.iam.ids() == before
    assert f"The IAM user {USER} has 2 Bedrock keys" in told
    assert all(id_ in told for id_ in before)
    assert "Delete the key that is not in use" in told
    del world.iam.credentials[other]
    world.rotate()
    assert world.iam.ids() == world.expected()


def test_an_operators_key_after_a_rotation() -> None:
    """A plain key that an operator stores for the same user is recognised by its alias, and the rotated one goes.

    Secrets Manager first takes up the earlier rotation, whose label is still there. That must not bring back its key.
    """
    world = World("a rotated key")
    (previous,) = world.iam.ids() - {world.credential(CURRENT)}
    del world.iam.credentials[previous]
    own, key = world.iam.make(USER)
    rotated = world.credential(CURRENT)
    world.secret.put(key)
    assert "after this rotation began" in world.failure("createSecret")
    world.rotate()
    assert world.iam.deleted == [rotated]
    assert world.credential(PREVIOUS) == own


def test_an_operators_key_during_a_rotation() -> None:
    """A key that an operator stores during a rotation stays in use until the next rotation."""
    world = World("a plain key")
    token = world.secret.begin()
    for step in STEPS[:3]:
        world.step(step, token)
    world.calls.now += LATER
    world.secret.put(world.secret.text())
    assert "after this rotation began" in world.failure("finishSecret", token)
    before = world.credential(CURRENT)
    world.rotate()
    assert world.credential(PREVIOUS) == before
    assert world.iam.ids() == world.expected()


def test_a_deleted_new_key() -> None:
    """If someone deletes the new key before it is used, the rotation ends, and another one can begin."""
    world = World("a plain key")
    token = world.secret.begin()
    world.step("createSecret", token)
    (new,) = world.iam.ids() - {world.credential(CURRENT)}
    del world.iam.credentials[new]
    world.step("createSecret", token)  # IAM may not list a new key at once
    world.calls.now += 10 * LATER
    assert "deleted before it was used" in world.failure("createSecret", token)
    assert world.secret.begin() != token
    world.rotate()
    assert world.iam.ids() == world.expected()


def test_a_version_that_is_not_rotating() -> None:
    """A token that Secrets Manager is not rotating to changes nothing."""
    world = World("a plain key")
    before = world.iam.ids()
    for step in STEPS:
        assert "not rotating to this version" in world.failure(step, "token-of-nobody")
    assert world.iam.ids() == before


def test_turning_rotation_on() -> None:
    """Secrets Manager tests the function with a version that the function did not make. No key is needed for that."""
    world = World("no key")
    token = world.secret.begin()
    world.step("testSecret", token)
    world.secret.texts[token] = world.secret.text()
    world.secret.stored_at[token] = world.calls.now
    world.step("testSecret", token)
    assert [line["outcome"] for line in world.lines()] == ["nothing to test"] * 2
    assert "holds no key of this rotation" in world.failure("finishSecret", token)


def test_an_unknown_step() -> None:
    """A step of another name is refused, and the name is not logged."""
    world = World("no key")
    assert "(unknown) failed" in world.failure("hunted-step")
    assert "hunted-step" not in world.log.getvalue()
