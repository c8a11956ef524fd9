"""What grows: a conversation's history, the tools of a request, and the clients that ask one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.events import chat_body
from benchmarks.shapes import WHOLE

_MESSAGE = "The quick brown fox jumps over the lazy dog, and nobody asks it why it does. " * 13  # 1 kB
_PROPERTY = {"type": "string", "description": "A word that the caller chooses, of at most a hundred letters."}
CLIENTS_NAME = "clients"
CLIENTS = (10, 100, 1_000, 10_000)


@dataclass(frozen=True, slots=True)
class Input:
    """A part of a request that is measured at each of these counts. `body` makes the request with that many."""

    name: str
    counts: Sequence[int]
    body: Callable[[int], bytes]


def _history(messages: int) -> bytes:
    """A conversation of so many messages of 1 kB. The first and the last one are the user's, as Converse needs it."""
    roles = ("user" if number == 0 or (messages - number) % 2 else "assistant" for number in range(messages))
    return _with(messages=[{"role": role, "content": _MESSAGE} for role in roles])


def _tools(tools: int) -> bytes:
    """One message, and so many tools of about 500 bytes."""
    return _with(tools=[_tool(number) for number in range(tools)]) if tools else _with()


def _tool(number: int) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": dict.fromkeys(("subject", "place", "time"), _PROPERTY),
        "required": ["subject"],
    }
    function = {"name": f"look_up_{number}", "description": "Looks up a fact.", "parameters": parameters}
    return {"type": "function", "function": function}


def _with(**fields: Any) -> bytes:
    """A small request with these fields."""
    return json.dumps({**json.loads(chat_body(WHOLE, 1000)), **fields}).encode()


INPUTS = (
    Input("messages of 1 kB", (1, 10, 100, 400), _history),
    Input("tools", (0, 8, 32, 128), _tools),
)
