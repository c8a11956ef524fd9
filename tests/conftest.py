"""Python seldom searches the objects of a whole test run for garbage."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Leaves collected tests and imported modules out of all searches, and makes a full search rare.

    Full searches took a third of the unit tests' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 100)
