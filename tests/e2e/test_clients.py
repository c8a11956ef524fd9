"""Clients with the OpenAI SDK: their keys, and what each may use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from openai import APIStatusError, OpenAI

from client_keys import item as client_item
from local.stack.local_stack import LocalStack
from tests.e2e.clients_command import created, run, succeeded
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl

OTHER_MODEL = "qwen.qwen3-32b-v1:0"
WITHIN_S = 30


def code(
    client: OpenAI, key: str, *, model: str = MODEL, stream: bool = False, max_tokens: int | None = None
) -> str | None:
    """The code of the error that a request gets; None for an answer."""
    limits = {} if max_tokens is None else {"max_tokens": max_tokens}
    try:
        answer = client.with_options(api_key=key).chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Hi"}],
            stream=stream,
            extra_body=limits,
        )
        if stream:
            list(answer)
    except APIStatusError as error:
        return f"{error.status_code} {error.code}" if error.request_id else "no request id"
    return None


def becomes(expected: str | None, answer: Callable[[], str | None]) -> None:
    """Polls until API Gateway's cache of the earlier answer is over."""
    deadline = time.monotonic() + WITHIN_S
    while (got := answer()) != expected:
        assert time.monotonic() < deadline, got
        time.sleep(0.2)


def test_what_a_client_may_use(stack: LocalStack, client: OpenAI, standin: StandinControl) -> None:
    """Model, output and streaming are limited with the documented errors, and Bedrock is not asked."""
    options = ("--model", "openai.*", "--max-completion-tokens", "20", "--no-stream")
    key = created(stack, "limited", *options)
    assert code(client, key) is None
    assert json.loads(standin.requests()[-1]["body_text"])["max_completion_tokens"] == 20
    asked = len(standin.requests())
    assert code(client, key, model=OTHER_MODEL) == "403 model_not_allowed"
    assert code(client, key, max_tokens=21) == "400 max_tokens_exceeded"
    assert code(client, key, stream=True) == "403 streaming_not_allowed"
    assert len(standin.requests()) == asked
    assert code(client, key, max_tokens=20) is None


def test_update_takes_effect(stack: LocalStack, client: OpenAI) -> None:
    """A changed policy holds within the authorizer's cache time."""
    key = created(stack, "updated", "--model", "qwen.*")
    assert code(client, key) == "403 model_not_allowed"
    succeeded(stack, "update", "updated", "--model", "*", "--no-stream")
    becomes(None, lambda: code(client, key))
    assert code(client, key, stream=True) == "403 streaming_not_allowed"


def test_rotation_has_no_gap(stack: LocalStack, client: OpenAI) -> None:
    """Both keys work until the old one is revoked; a third key is refused."""
    old = created(stack, "rotated")
    new = succeeded(stack, "rotate", "rotated")
    assert code(client, old) is None
    assert code(client, new) is None
    assert run(stack, "rotate", "rotated").exit_code == 1
    old_hash = client_item.of_key(old)[client_item.HASH]["S"]
    succeeded(stack, "revoke", "rotated", "--key", old_hash[:12], "--yes")
    becomes("401 invalid_api_key", lambda: code(client, old))
    assert code(client, new) is None


def test_suspend_and_resume(stack: LocalStack, client: OpenAI) -> None:
    """A suspended client's key gets the 401 of an unknown key, and works again after resume."""
    key = created(stack, "paused")
    assert code(client, key) is None
    succeeded(stack, "suspend", "paused", "--yes")
    becomes("401 invalid_api_key", lambda: code(client, key))
    succeeded(stack, "resume", "paused")
    becomes(None, lambda: code(client, key))


def test_expired_client(stack: LocalStack, client: OpenAI) -> None:
    """A client is let in until its expiry, is then refused, and is let in again after it is renewed."""
    soon = datetime.now(UTC) + timedelta(seconds=5)
    key = created(stack, "past", "--expires", soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert code(client, key) is None
    becomes("401 invalid_api_key", lambda: code(client, key))
    succeeded(stack, "update", "past", "--expires", "never")
    becomes(None, lambda: code(client, key))


def test_deleted_client(stack: LocalStack, client: OpenAI) -> None:
    """A deleted client's key is unknown, and its id can be used again."""
    key = created(stack, "gone")
    assert code(client, key) is None
    succeeded(stack, "delete", "gone", "--yes")
    becomes("401 invalid_api_key", lambda: code(client, key))
    assert code(client, created(stack, "gone")) is None


def test_last_use_is_shown(stack: LocalStack, client: OpenAI) -> None:
    """The day of a client's last use is in the list."""
    key = created(stack, "seen")
    assert code(client, key) is None
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert today in succeeded(stack, "show", "seen")


def test_now_on_the_emulator(stack: LocalStack, client: OpenAI) -> None:
    """The emulator cannot flush API Gateway's cache: the change is made, and one line says that the cache goes on."""
    key = created(stack, "at-once")
    assert code(client, key) is None
    result = run(stack, "suspend", "at-once", "--yes", "--now")
    assert result.exit_code == 1
    assert "was not flushed" in result.stderr
    becomes("401 invalid_api_key", lambda: code(client, key))


def test_refusals_are_one_line(stack: LocalStack) -> None:
    """A name that exists is refused by one line, and so is one that does not exist."""
    created(stack, "twice")
    for arguments in (("create", "twice"), ("show", "nobody")):
        result = run(stack, *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert len(result.stderr.strip().splitlines()) == 1
