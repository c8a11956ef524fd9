"""The items of the usage table: a client's counters, and what a client used on a day.

A day's item has one number for each measure and model, such as `requests#openai.gpt-oss-20b-1:0`. Numbers at the top level
of an item can be added to without reading them first:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

from typing import Any

PARTITION_KEY, SORT_KEY, EXPIRY = "pk", "sk", "expires_at"
# The names of the models in a day's item. More models than MAX_MODELS are counted together as OTHER_MODELS.
MODELS = "models"
MAX_MODELS = 100
OTHER_MODELS = "other"
# Stands for the client of jobs that belong to none.
NO_CLIENT = "(none)"

REQUESTS = "requests"
PROMPT_TOKENS, COMPLETION_TOKENS = "prompt_tokens", "completion_tokens"
# Parts of the prompt's tokens, and of the completion's.
CACHED_TOKENS, CACHE_WRITE_TOKENS, REASONING_TOKENS = (
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
# In billionths of a US dollar.
COST = "cost_nano_usd"
# Requests whose cost is not known, because their model has no price; and those whose cost lacks the guardrail's.
UNPRICED_REQUESTS, TOKENS_ONLY_REQUESTS = "unpriced_requests", "tokens_only_requests"
MEASURES = (
    REQUESTS,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    CACHED_TOKENS,
    CACHE_WRITE_TOKENS,
    REASONING_TOKENS,
    COST,
    UNPRICED_REQUESTS,
    TOKENS_ONLY_REQUESTS,
)

Item = dict[str, Any]


def day_partition(day: str) -> str:
    """The partition of all clients' items of a day (YYYY-MM-DD, UTC); the sort key is the client's id."""
    return f"usage#{day}"


def of_day(day: str, client_id: str | None) -> Item:
    """What finds a client's item of a day, as DynamoDB's operations take it."""
    return {PARTITION_KEY: {"S": day_partition(day)}, SORT_KEY: {"S": client_id or NO_CLIENT}}


def of_counters(client_id: str) -> Item:
    """What finds a client's counters, as DynamoDB's operations take it."""
    return {PARTITION_KEY: {"S": f"counters#{client_id}"}, SORT_KEY: {"S": "counters"}}


def attribute(measure: str, model: str) -> str:
    """The attribute of a day's item that has a model's `measure`."""
    return f"{measure}#{model}"


def read(item: Item) -> dict[str, dict[str, int]]:
    """The measures of each model in a day's item. What is not of this form is left out."""
    found: dict[str, dict[str, int]] = {}
    for name, value in item.items():
        measure, separator, model = name.partition("#")
        number = value.get("N") if isinstance(value, dict) else None
        if separator and measure in MEASURES and isinstance(number, str) and number.isdecimal():
            found.setdefault(model, {})[measure] = int(number)
    return found
