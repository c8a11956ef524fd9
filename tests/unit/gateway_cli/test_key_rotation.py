"""`chat-gateway bedrock-key rotate` and `put`, where the environment rotates its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from gateway_cli import key_rotation, stack_outputs
from gateway_cli.command import cli
from tests.unit.gateway_cli.outputs import OUTPUTS
from tests.unit.key_rotation.fake_aws import CURRENT, PENDING, SECRET_ARN, USER
from tests.unit.key_rotation.rotations import World

ROTATED = replace(OUTPUTS, secret_arn=SECRET_ARN, key_user=USER, key_rotation_log_group="rotation-log")
Outputs = stack_outputs.StackOutputs


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with the rotation function, in AWS's place."""
    world = World("a plain key")
    world.secret.rotates = world.rotate
    clients = {"secretsmanager": world.secret, "iam": world.iam}
    monkeypatch.setattr(boto3.Session, "client", lambda _, name, **__: clients[name])
    monkeypatch.setattr(stack_outputs, "read", lambda *_: ROTATED)
    return world


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Outputs], None]:
    """Sets the stack's outputs."""
    return lambda outputs: monkeypatch.setattr(stack_outputs, "read", lambda *_: outputs)


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(
        cli, ["bedrock-key", *arguments, "--env", "dev", "--region", "us-east-1"], input=stdin
    )


def test_rotate(world: World) -> None:
    """The key is replaced, and the old one works on."""
    (old,) = world.iam.ids()
    result = run("rotate")
    assert (result.exit_code, result.output) == (0, "The Bedrock API key is replaced.\n")
    assert world.credential(CURRENT) != old
    assert old in world.iam.ids()


def test_revoke_old(world: World) -> None:
    """`--revoke-old` leaves the new key only. If there is no other key, the command says so."""
    (old,) = world.iam.ids()
    result = run("rotate", "--revoke-old")
    assert result.output.splitlines()[1:] == [f"Deleted: {old}."]
    assert world.iam.ids() == {world.credential(CURRENT)}
    assert key_rotation.revoke_old(boto3.Session(), ROTATED) == []


@pytest.mark.parametrize(
    "secret", ["ABSK-plain", "[1]", "{", '{"api_key": "ABSK-key", "credential_id": "of-nobody"}']
)
def test_nothing_uncertain_is_revoked(world: World, secret: str) -> None:
    """If the secret does not name a key of the user, no key is deleted."""
    before = world.iam.ids()
    world.secret.put(secret)
    with pytest.raises(key_rotation.UnknownCredentialError, match="No key was deleted"):
        key_rotation.revoke_old(boto3.Session(), ROTATED)
    assert world.iam.ids() == before


def test_an_unfinished_rotation(world: World) -> None:
    """If the function fails, the command says after some minutes where to look, and revokes nothing."""
    world.secret.rotates = lambda: None
    now = [0.0]

    def sleep(pause_s: float) -> None:
        now[0] += pause_s

    with pytest.raises(key_rotation.UnfinishedRotationError, match="log group rotation-log"):
        key_rotation.rotate(boto3.Session(), ROTATED, sleep=sleep, clock=lambda: now[0])
    assert 290 < now[0] < 300


def test_a_rotation_takes_a_while(world: World) -> None:
    """The command waits until functions read the new key."""
    world.secret.rotates = lambda: None
    key_rotation.rotate(boto3.Session(), ROTATED, sleep=lambda _: world.rotate(), clock=lambda: 0.0)
    assert world.secret.labels[CURRENT] == world.secret.labels[PENDING]


@pytest.mark.parametrize(
    ("without", "says"),
    [
        ({"key_user": None}, "upstream.key_rotation is not set"),
        ({"secret_arn": None}, "has no Bedrock API key"),
    ],
)
def test_without_rotation(
    world: World, outputs: Callable[[Outputs], None], without: dict[str, Any], says: str
) -> None:
    """Where the key is not rotated, the command says what is missing."""
    outputs(replace(ROTATED, **without))
    result = run("rotate")
    assert result.exit_code == 1
    assert says in result.output
    assert world.secret.labels.keys() == {CURRENT, "AWSPREVIOUS"}


def test_put_ends_an_earlier_rotation(world: World) -> None:
    """After `put`, the next rotation begins anew, and does not bring back the earlier key."""
    run("rotate")
    (old,) = world.iam.ids() - {world.credential(CURRENT)}
    del world.iam.credentials[old]
    own, key = world.iam.make(USER)
    assert run("put", stdin=key).exit_code == 0
    assert PENDING not in world.secret.labels
    assert world.credential(CURRENT) == own
    assert run("rotate").exit_code == 0
    assert own in world.iam.ids()


def test_put_leaves_the_rotated_version(world: World) -> None:
    """A label on the version in use stays: its rotation has ended."""
    run("rotate")
    key_rotation.end_earlier(boto3.Session(), ROTATED)
    assert world.secret.labels[PENDING] == world.secret.labels[CURRENT]
