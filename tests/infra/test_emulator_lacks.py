"""The list of what the emulator lacks agrees with the emulator that is installed."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from infra import emulator
from infra.platform import Platform
from tests.infra.monitoring import stacks

_PYTHON = Path(__file__).parents[2] / ".venv-emulator" / "bin" / "python"
_ALARM: dict[str, Any] = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1}
_PLAIN = {**_ALARM, "Namespace": "AWS/Lambda", "MetricName": "Errors"}
_COMPUTED = {**_ALARM, "Metrics": [{"Id": "sum", "Expression": "a + b"}]}
_SCRIPT = """
import json, sys
from ministack.services.cloudformation import provisioners

def refusal(alarm):
    try:
        provisioners._cw_metric_alarm_record("alarm", alarm)
    except ValueError as error:
        return str(error)

print(json.dumps([sorted(provisioners._RESOURCE_HANDLERS), *map(refusal, json.loads(sys.argv[1]))]))
"""


@cache
def _emulator() -> tuple[frozenset[str], str | None, str | None]:
    """The types that the emulator knows, and why it refuses an alarm without metric mathematics and one with."""
    command = [str(_PYTHON), "-c", _SCRIPT, json.dumps([_PLAIN, _COMPUTED])]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    types, plain, computed = json.loads(output.splitlines()[-1])
    return frozenset(types), plain, computed


def test_listed_types_are_unknown() -> None:
    """A type is on the list only while the emulator does not know it."""
    types = {name for name in emulator.LACKS if "." not in name}
    assert types
    assert not types & _emulator()[0]


def test_types_of_local_are_known() -> None:
    """The emulator knows each type in the stack `local`, except custom resources, which it knows by their prefix."""
    types = {resource["Type"] for resource in stacks.local().template["Resources"].values()}
    assert "AWS::CloudWatch::Dashboard" in types
    assert {type_ for type_ in types if not type_.startswith("Custom::")} <= _emulator()[0]


def test_metric_mathematics() -> None:
    """The emulator takes an alarm of one metric, and refuses an alarm that computes."""
    _, plain, computed = _emulator()
    assert plain is None
    assert computed is not None
    assert "metric math" in computed
    assert "AWS::CloudWatch::Alarm.Metrics" in emulator.LACKS


def test_platform_has() -> None:
    """AWS has everything. The emulator's platform lacks what is on the list."""
    local = emulator.platform(None)
    for name in emulator.LACKS:
        assert Platform().has(name)
        assert not local.has(name)
    assert local.has("AWS::CloudWatch::Alarm")
