"""Many jobs while Bedrock fails, for some minutes. `make chaos` runs this test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local.stack.local_stack import LocalStack
from tests.chaos import jobs_in_bad_weather
from tests.e2e.standin import StandinControl

JOBS = 2000
KILLS_AT = range(150, JOBS - 150, 250)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(1800)
def test_two_thousand_jobs(
    stack: LocalStack, standin: StandinControl, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of 2,000 jobs gets one answer, and every paid call is explained.

    Bedrock fails at random, and the test kills the worker.
    """
    account = jobs_in_bad_weather.run(stack, standin, tmp_path, jobs=JOBS, kills_at=KILLS_AT, seed=2000)
    with capsys.disabled():
        print(f"\n{account}")
    jobs_in_bad_weather.check(account)
