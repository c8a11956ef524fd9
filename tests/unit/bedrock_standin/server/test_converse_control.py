"""The operations under /_standin that set the next faults and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask


@pytest.mark.parametrize(
    "message",
    [b"{", b"[]", b'{"content": 1}', b'{"requests": 0}', b'{"tool_calls": [{"function": {"name": "f"}}]}'],
)
def test_an_ill_formed_message_is_400(ask: Ask, client: TestClient, message: bytes) -> None:
    """An ill-formed message is refused and changes nothing."""
    assert client.put("/_standin/next-message", content=message).status_code == 400
    assert ask().json()["choices"][0]["message"]["content"] == "echo: hello there"


def test_messages_are_used_in_turn(ask: Ask, client: TestClient) -> None:
    """Each message is used for its number of requests, and those that wait can be forgotten."""

    def told(**message: Any) -> None:
        client.put("/_standin/next-message", json=message).raise_for_status()

    def answer(**changes: Any) -> Any:
        return ask(**changes).json()["choices"][0]["message"]["content"]

    told(content="one", requests=2)
    told(content="two", requests=2)
    assert [answer() for _ in range(3)] == ["one", "one", "two"]
    client.delete("/_standin/next-message").raise_for_status()
    assert answer() == "echo: hello there"


def test_a_message_streams(ask: Ask, client: TestClient) -> None:
    """A message is streamed like any other answer."""
    client.put("/_standin/next-message", json={"content": "one two"}).raise_for_status()
    assert '"content":" two"' in ask(stream=True).text
