"""OpenAI's object of a batch: https://platform.openai.com/docs/api-reference/batch/object"""

from __future__ import annotations

from typing import Any

from client_usage.usage import Usage
from resource_items import batch_state, table
from resource_items.batch_item import Batch
from resource_items.batch_lines import Counts
from resource_items.batch_state import count
from resource_items.table import Item


def document(
    batch: Batch, state: Item, counts: Counts | None = None, errors: list[Any] | None = None
) -> dict[str, Any]:
    """The object. `counts` and `errors` are the newest and all; without them the state's own are used."""
    status = table.text(state, batch_state.STATUS)
    if counts is None:
        counts = Counts(count(state, batch_state.COMPLETED_LINES), count(state, batch_state.FAILED_LINES))
    is_final = status in batch_state.FINAL
    has_files = (
        is_final and status != batch_state.FAILED
    )  # a batch that was given up may have lines, but no whole files
    return {
        **batch.document(),
        "status": status,
        "model": table.text(state, batch_state.MODEL) if batch_state.MODEL in state else None,
        "errors": None if errors is None else {"object": "list", "data": errors},
        **{name: _time(state, name) for name in _TIMES},
        "output_file_id": _file_id(state, batch_state.OUTPUT, counts.completed) if has_files else None,
        "error_file_id": _file_id(state, batch_state.ERROR, counts.failed) if has_files else None,
        "request_counts": {"total": count(state, batch_state.TOTAL), **counts._asdict()},
        "usage": _usage(state) if is_final and batch_state.TOTAL in state else None,
    }


_TIMES = tuple(
    batch_state.reached(status)
    for status in (*batch_state.OPEN, *batch_state.FINAL)
    if status != batch_state.VALIDATING
)


def _time(state: Item, name: str) -> int | None:
    return count(state, name) or None


def _file_id(state: Item, kind: str, lines: int) -> str | None:
    """The id, if the file has lines. A file without lines does not exist."""
    return table.text(state, batch_state.file_id(kind)) if lines else None


def _usage(state: Item) -> dict[str, Any]:
    """The sum of all answers' tokens."""
    usage = Usage(*(count(state, name) for name in Usage._fields))
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
