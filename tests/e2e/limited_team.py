"""A client with limits, and what it asks with the OpenAI SDK."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openai import APIStatusError, OpenAI

from local.stack.local_stack import LocalStack
from tests.e2e import usage_counters
from tests.e2e.clients_command import created
from tests.e2e.conftest import MODEL

MESSAGES: Any = [{"role": "user", "content": "one two three"}]
WITHIN_S = 30


@dataclass(frozen=True)
class Team:
    """A client with its key."""

    client: OpenAI

    def ask(self, *, model: str = MODEL, **options: Any) -> Any:
        return self.client.chat.completions.create(model=model, messages=MESSAGES, **options)

    def headers(self) -> dict[str, str]:
        """The headers of an answer."""
        answer = self.client.chat.completions.with_raw_response.create(model=MODEL, messages=MESSAGES)
        return dict(answer.headers)

    def error(self, **options: Any) -> APIStatusError | None:
        """The error that a request gets; None for an answer, which is read to its end."""
        try:
            answer = self.ask(**options)
            if options.get("stream"):
                list(answer)
        except APIStatusError as error:
            return error
        return None

    def patient(self) -> Team:
        """The same client, with the SDK's retries."""
        return Team(self.client.with_options(max_retries=4, timeout=90))


def new(stack: LocalStack, sdk: OpenAI, client_id: str, *options: str) -> Team:
    """A new client with these options of `chat-gateway clients create`."""
    return Team(sdk.with_options(api_key=created(stack, client_id, *options)))


def becomes(expected: object, found: Callable[[], object]) -> None:
    """Polls until `found` gives what is expected: the settling calls come after the answer."""
    deadline = time.monotonic() + WITHIN_S
    while (got := found()) != expected:
        assert time.monotonic() < deadline, got
        time.sleep(0.1)


def tokens_counted(stack: LocalStack, client_id: str) -> int:
    """The tokens that count for the client's day."""
    return usage_counters.counter(stack, client_id, "tokens_d_")
