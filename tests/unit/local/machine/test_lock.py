"""Only one run at a time uses a state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.machine import lock
from local.machine.failures import AlreadyRunningError
from local.machine.paths import StateFolder


def test_a_second_run_in_a_folder_is_refused(tmp_path: Path) -> None:
    """A second run in a folder is refused; after the first run the folder is free."""
    state = StateFolder(tmp_path)
    refused = pytest.raises(AlreadyRunningError, match="already running")
    with lock.exclusive(state), refused, lock.exclusive(state):
        pass
    with lock.exclusive(state):
        pass
