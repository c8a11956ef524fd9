"""`prove` needs a token where callers send JWTs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from gateway_cli import proof
from gateway_cli.proof import NoTokenError
from tests.unit.gateway_cli.outputs import OUTPUTS


def asked(monkeypatch: pytest.MonkeyPatch, client_auth: str, token: str | None) -> dict[str, Any]:
    """What the proof is asked to do."""
    seen: dict[str, Any] = {}

    def prove(gateway: Any, _: object, *, token: str | None) -> Iterator[None]:
        seen.update(client_auth=gateway.client_auth, token=token)
        return iter(())

    monkeypatch.setattr("guardrail_proof.proof.prove", prove)
    session = boto3.Session(region_name="us-east-1")
    list(proof.prove(session, replace(OUTPUTS, client_auth=client_auth), token=token))
    return seen


def test_token_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """With JWTs, the given token is used."""
    assert asked(monkeypatch, "jwt", "a.b.c") == {"client_auth": "jwt", "token": "a.b.c"}


@pytest.mark.parametrize("client_auth", ["keys", "iam"])
def test_token_of_others_is_not_used(monkeypatch: pytest.MonkeyPatch, client_auth: str) -> None:
    """A token that happens to be set is sent nowhere else."""
    assert asked(monkeypatch, client_auth, "a.b.c") == {"client_auth": client_auth, "token": None}


def test_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token, the error names the variable, and nothing is tried."""
    with pytest.raises(NoTokenError, match="CLIENT_TOKEN"):
        asked(monkeypatch, "jwt", None)
