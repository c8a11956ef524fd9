"""A batch while Bedrock fails and functions are killed. `make chaos` does the same with more lines."""

from __future__ import annotations

import sys

import pytest

from local.stack.local_stack import LocalStack
from tests.chaos import batches_in_bad_weather
from tests.e2e.standin import StandinControl

LINES = 120
# Before the killed splitter is replaced, so that the test waits for both at once.
KILL_AT = LINES // 12


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("emptied_queues")
def test_batch_while_everything_is_killed(stack: LocalStack, standin: StandinControl) -> None:
    """Each line is in one file, the counts are exact, and every paid call is explained."""
    account = batches_in_bad_weather.run(
        stack, standin, "windy-batch", lines=LINES, kills_at=[KILL_AT], seed=7
    )
    print(account)
    batches_in_bad_weather.check(account)
