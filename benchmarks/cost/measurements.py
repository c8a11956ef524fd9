"""What was measured of the compared functions: their own time by memory size, their cold start, and their memory.

docs/performance/results.json has the measurements on a whole core, docs/performance/memory.json those by memory size.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

_FOLDER = Path(__file__).parents[2] / "docs" / "performance"
OURS, FASTAPI = "ours", "FastAPI sample"
# The series with one request a second, as a function has that waits for a model.
_PACED = "paced"


class MeasurementError(Exception):
    """A file of measurements lacks what the calculation needs."""


class Function(NamedTuple):
    """One function: milliseconds by MiB of memory, and on a whole core; MiB used by requests of 1 kB and 4 MB."""

    own_ms_by_mib: dict[int, Decimal]
    cpu_ms: Decimal
    init_ms: Decimal
    peak_mib: Decimal
    large_peak_mib: Decimal

    def own_ms(self, memory_mib: int) -> Decimal:
        """The time beside the wait for Bedrock. If the size was not measured, that of the next smaller size.

        The smallest size of Lambda is always measured.
        """
        return self.own_ms_by_mib[max(size for size in self.own_ms_by_mib if size <= memory_mib)]


class Measurements(NamedTuple):
    """The compared functions."""

    ours: Function
    fastapi: Function


def read(folder: Path = _FOLDER) -> Measurements:
    """The measurements in the folder. Raises MeasurementError."""
    results, sizes = _document(folder / "results.json"), _document(folder / "memory.json")
    return Measurements(
        ours=_function(results, OURS, own_ms(sizes, OURS)),
        fastapi=_function(results, FASTAPI, own_ms(sizes, FASTAPI)),
    )


def own_ms(sizes: Any, name: str) -> dict[int, Decimal]:
    """The p50 of one function by MiB, at one request a second, from memory.json's content. Raises MeasurementError."""
    if not isinstance(sizes, dict):
        raise MeasurementError("memory.json must be an object: run `make bench-memory`.")
    paced = sizes.get(_PACED, {})
    rows = paced.get(name, {}) if isinstance(paced, dict) else None
    if not isinstance(rows, dict) or not rows:
        raise MeasurementError(f"memory.json: {_PACED} must have an object of memory sizes for {name}.")
    where = f"memory.json: {_PACED}: {name}"
    return {_mib(size): _number(row, "p50_ms", f"{where}: {size}") for size, row in rows.items()}


def _function(results: Any, name: str, own: dict[int, Decimal]) -> Function:
    where = f"results.json: {name}"
    small, large = _part(results, "buffered", name), _part(results, "large", name)
    return Function(
        own_ms_by_mib=own,
        cpu_ms=_number(small, "cpu_s_per_1000", where),  # seconds for 1,000 requests are milliseconds for one
        init_ms=_number(_part(results, "cold", name, "shipped"), "next_ms", where),
        peak_mib=_number(small, "peak_mib", where),
        large_peak_mib=_number(large, "peak_mib", where),
    )


def _part(document: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            raise MeasurementError(f"results.json lacks {'.'.join(path)}: run `make bench`.")
        document = document[name]
    return document


def _document(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise MeasurementError(f"{file.name} cannot be read: {error}") from None


def _mib(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise MeasurementError(f"memory.json: {text!r} is no memory size in MiB.")
    return int(text)


def _number(row: Any, name: str, where: str) -> Decimal:
    value = row.get(name) if isinstance(row, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise MeasurementError(f"{where} needs {name}, a number of at least 0.")
    return Decimal(str(value))
