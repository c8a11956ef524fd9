"""Prompt caching: `cache_control` becomes a cache point behind its block.

https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chat_gateway.converse import parameters
from chat_gateway.converse.parameters import Scope

Block = dict[str, Any]
MAX_CACHE_POINTS = 4
_KEY = "cachePoint"
_TTLS = ("5m", "1h")


def behind(part: Mapping[str, Any], at: str, *, has_them: bool) -> list[Block]:
    """The cache point that `cache_control` of a part or tool asks for; none if the family has none.

    Raises InvalidRequestError if `cache_control` is malformed.
    """
    control = part.get("cache_control")
    if control is None or not has_them:
        return []
    place = f"{at}.cache_control"
    if not isinstance(control, dict):
        raise parameters.wrong_type(place, "an object")
    parameters.check(control, Scope.CACHE_CONTROL, place)
    if control.get("type") != "ephemeral":
        raise parameters.unsupported(f"{place}.type", "Use ephemeral.")
    ttl = control.get("ttl")
    if ttl is None:
        return [{_KEY: {"type": "default"}}]
    if ttl not in _TTLS:
        raise parameters.unsupported(f"{place}.ttl", "Use 5m or 1h.")
    return [{_KEY: {"type": "default", "ttl": ttl}}]


def keep_last(lists: Sequence[list[Block]]) -> None:
    """Removes, in place, all but the last four cache points of the request's lists of blocks, in the prompt's order.

    The last ones are kept, since each covers everything before it.
    """
    surplus = sum(_KEY in block for blocks in lists for block in blocks) - MAX_CACHE_POINTS
    for blocks in lists:
        if surplus <= 0:
            return
        kept = []
        for block in blocks:
            if _KEY in block and surplus > 0:
                surplus -= 1
            else:
                kept.append(block)
        blocks[:] = kept
