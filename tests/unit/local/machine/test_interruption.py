"""A signal ends a run once, in order."""

from __future__ import annotations

import os
import signal

import pytest

from local.machine import interruption


@pytest.mark.parametrize("number", interruption.SIGNALS)
def test_the_first_signal_interrupts_and_later_ones_do_not(number: signal.Signals) -> None:
    """Later signals do not interrupt the shutdown; afterwards the earlier handlers are back."""
    before = signal.getsignal(number)
    with interruption.as_keyboard_interrupt():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(number) == before
