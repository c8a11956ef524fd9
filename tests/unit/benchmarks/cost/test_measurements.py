"""What is read from the files of measurements."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost import measurements
from benchmarks.cost.measurements import FASTAPI, OURS, MeasurementError
from tests import hypothesis_profile

assert hypothesis_profile  # loaded by being imported

P50 = "p50_ms"
SHIPPED = Path(measurements._FOLDER)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.sampled_from(["paced", "512", OURS, "p50_ms"]), inner)
    ),
)


def folder(where: Path, sizes: Any = None) -> Path:
    """A folder with the shipped results, and with `sizes` as memory.json."""
    (where / "results.json").write_text((SHIPPED / "results.json").read_text())
    if sizes is not None:
        (where / "memory.json").write_text(json.dumps(sizes))
    return where


def test_memory_json_is_needed(tmp_path: Path) -> None:
    """Without memory.json there is an error."""
    with pytest.raises(MeasurementError, match=r"memory\.json cannot be read"):
        measurements.read(folder(tmp_path))


def test_results_are_needed(tmp_path: Path) -> None:
    """Without results.json, or without a row that is needed, the error says so."""
    with pytest.raises(MeasurementError, match=r"results\.json cannot be read"):
        measurements.read(tmp_path)
    paced = {name: {"512": {P50: 1}} for name in (OURS, FASTAPI)}
    folder(tmp_path, {"paced": paced})
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(MeasurementError, match="make bench"):
        measurements.read(tmp_path)


def test_times_by_size(tmp_path: Path) -> None:
    """The times by size are those of memory.json, for both functions."""
    paced = {OURS: {"512": {P50: 0.8}, "1769": {P50: 0.7, "p99_ms": 1}}, FASTAPI: {"512": {P50: 3}}}
    found = measurements.read(folder(tmp_path, {"paced": paced, "cold": {}}))
    assert found.ours.own_ms_by_mib == {512: Decimal("0.8"), 1769: Decimal("0.7")}
    assert found.fastapi.own_ms(1024) == 3


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ([], "bench-memory"),
        ({"paced": []}, "paced"),
        ({"paced": {}}, "paced"),
        ({"paced": {OURS: []}}, OURS),
        ({"paced": {OURS: {"big": {P50: 1}}}}, "big"),
        ({"paced": {OURS: {"0": {P50: 1}}}}, "'0'"),
        ({"paced": {OURS: {"512": {}}}}, P50),
        ({"paced": {OURS: {"512": {P50: True}}}}, P50),
        ({"paced": {OURS: {"512": {P50: -1}}}}, P50),
    ],
)
def test_other_forms_are_refused(tmp_path: Path, sizes: Any, named: str) -> None:
    """The error names the field of memory.json that is wrong."""
    with pytest.raises(MeasurementError, match=named):
        measurements.read(folder(tmp_path, sizes))


@given(JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    """Any JSON gives times above zero, or the module's own error."""
    with contextlib.suppress(MeasurementError):
        for size, own_ms in measurements.own_ms(document, OURS).items():
            assert size > 0
            assert own_ms >= 0
