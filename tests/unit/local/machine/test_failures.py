"""Expected failures are readable lines, never tracebacks."""

from __future__ import annotations

from pathlib import Path

from local.machine import failures
from local.machine.failures import CommandFailedError, LocalError


def test_a_failure_without_a_log_is_one_line() -> None:
    """A failure without a log is one line."""
    assert failures.report(LocalError("Nothing works.")) == ["error: Nothing works."]


def test_a_failure_with_a_log_shows_its_end_and_where_it_is(tmp_path: Path) -> None:
    """The failure shows its cause from the log, without jsii's frame and blank lines, and the log's path."""
    log = tmp_path / "cdk.log"
    log.write_text("old\n" * 20 + "b'!!  use another Node  !!\\n'\n\nerror: no such environment\n\n")
    lines = failures.report(CommandFailedError("cdk synth failed.", log_file=log))
    assert lines[0] == "error: cdk synth failed."
    assert lines[-2:] == ["  | error: no such environment", f"log: {log}"]
    assert len(lines) == 8
    assert not any("!!" in line for line in lines)


def test_a_log_that_is_not_there_is_no_failure_of_its_own(tmp_path: Path) -> None:
    """If the log does not exist, the message stands alone."""
    assert failures.last_lines(tmp_path / "none.log") == []
