"""The policies of clients hold for their jobs."""

from __future__ import annotations

import pytest

from local.stack.local_stack import LocalStack
from tests.e2e.clients_command import created, succeeded
from tests.e2e.clients_jobs import ACCOUNT, results
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.standin import StandinControl

pytestmark = pytest.mark.usefixtures("emptied_queues")


def test_listed_sender(stack: LocalStack, standin: StandinControl) -> None:
    """A listed sender's jobs have the policies of the clients that they name."""
    created(stack, "jobs-capped", "--max-completion-tokens", "20")
    created(stack, "jobs-qwen", "--model", "qwen.*")
    created(stack, "jobs-none", "--no-jobs")
    created(stack, "jobs-suspended")
    succeeded(stack, "suspend", "jobs-suspended", "--yes")
    sent = [
        ("allowed", "jobs-capped", {}),
        ("capped", "jobs-capped", {"max_tokens": 21}),
        ("model", "jobs-qwen", {}),
        ("none", "jobs-none", {}),
        ("suspended", "jobs-suspended", {}),
        ("unknown", "jobs-nobody", {}),
    ]
    with variables_changed(stack, {"JOB_SENDERS": ACCOUNT}):
        got = results(stack, sent)
    assert {custom_id: (result["error"] or {}).get("code") for custom_id, result in got.items()} == {
        "allowed": None,
        "capped": "max_tokens_exceeded",
        "model": "model_not_allowed",
        "none": "jobs_not_allowed",
        "suspended": "client_not_active",
        "unknown": "unknown_client",
    }
    assert {result["client"] for result in got.values()} == {client_id for _, client_id, _ in sent}
    assert len(standin.requests()) == 1


def test_forged_client(stack: LocalStack, standin: StandinControl) -> None:
    """A `client` attribute of a sender that is not listed changes nothing."""
    created(stack, "jobs-forged", "--no-jobs")
    got = results(stack, [("forged", "jobs-forged", {})])
    assert got["forged"]["error"] is None
    assert "client" not in got["forged"]
    assert len(standin.requests()) == 1


def test_default_client(stack: LocalStack) -> None:
    """Jobs of senders that are not listed have the default client's policy."""
    created(stack, "jobs-default", "--no-jobs")
    with variables_changed(stack, {"JOB_DEFAULT_CLIENT": "jobs-default"}):
        got = results(stack, [("default", "anyone", {})])
    assert (got["default"]["error"]["code"], got["default"]["client"]) == ("jobs_not_allowed", "jobs-default")
