"""The rules for cache points. docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from local.bedrock_standin.converse_requests.body import ConverseBody
    from local.bedrock_standin.converse_requests.families import Family

_MAX_CACHE_POINTS = 4


def check_cache_points(body: ConverseBody, family: Family) -> None:
    """Raises RefusalError (400) if there are too many cache points, or one stands where the model takes none."""
    counts = {
        "tools": _count(body.tool_config.tools if body.tool_config else []),
        "system": _count(body.system),
        "messages": sum(_count(message.content) for message in body.messages),
    }
    for place, number in counts.items():
        if number and place not in family.cache_points:
            raise validation_error(
                "You invoked an unsupported model or your request did not allow prompt caching. See the documentation "
                "for more information."
            )
    if sum(counts.values()) > _MAX_CACHE_POINTS:  # [?] the wording
        raise validation_error(f"A maximum of {_MAX_CACHE_POINTS} blocks with cache_control may be provided.")


def _count(blocks: list[Any]) -> int:
    return sum(block.cache_point is not None for block in blocks)
