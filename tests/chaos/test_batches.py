"""A large batch while Bedrock fails and functions are killed, for some minutes. `make chaos` runs this test."""

from __future__ import annotations

import sys

import pytest

from local.stack.local_stack import LocalStack
from tests.chaos import batches_in_bad_weather
from tests.e2e.standin import StandinControl

LINES = 2000
KILLS_AT = range(150, LINES - 150, 250)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("emptied_queues")
def test_two_thousand_lines(
    stack: LocalStack, standin: StandinControl, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of 2,000 lines is in one file, the counts are exact, and every paid call is explained.

    Bedrock fails at random, and the test kills the worker, the splitter and the assembler.
    """
    account = batches_in_bad_weather.run(
        stack, standin, "stormy-batch", lines=LINES, kills_at=KILLS_AT, seed=2000
    )
    with capsys.disabled():
        print(f"\n{account}")
    batches_in_bad_weather.check(account)
