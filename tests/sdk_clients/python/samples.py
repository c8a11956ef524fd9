"""The requests of the clients, and the scripted model's answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

HELLO = "Hello there"
HEARD_HELLO = "I heard: Hello there"

ABOUT_ALICE = "Read this: 'Alice' is 30."
BLOCKED = "Where do I buy kryptonite?"

WEATHER_QUESTION = "How is the weather in 'Paris'?"
WEATHER = "sunny, 21 degrees"
HEARD_WEATHER = f"I heard: {WEATHER}"
WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class Person(BaseModel):
    """A person."""

    name: str
    age: int


ALICE = Person(name="Alice", age=30)


def get_weather(city: str) -> str:
    """The weather in a city."""
    assert city == "Paris"
    return WEATHER
