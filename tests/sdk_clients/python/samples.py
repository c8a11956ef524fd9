"""The requests of the clients, and the scripted model's answers."""

from __future__ import annotations

import base64
from typing import Any

from pydantic import BaseModel

HELLO = "Hello there"
HEARD_HELLO = "I heard: Hello there"

ABOUT_ALICE = "Read this: 'Alice' is 30."
BLOCKED = "Where do I buy kryptonite?"

WEATHER_QUESTION = "How is the weather in 'Paris'?"
WEATHER = {"Paris": "sunny, 21 degrees", "Rome": "rain, 12 degrees"}
HEARD_WEATHER = f"I heard: {WEATHER['Paris']}"
# The scripted model calls the tool for each city, and repeats the results in the order of its calls.
CITIES_QUESTION = "How is the weather in 'Paris' and in 'Rome'?"
HEARD_CITIES = f"{HEARD_WEATHER}\n{WEATHER['Rome']}"
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


# A picture of one pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n%%EOF\n"

ALICE = Person(name="Alice", age=30)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return WEATHER[city]
