"""Finds jobs that would kill their worker: a child process rehearses them, and the worker watches it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.vetting import rehearsal as job_rehearsal

# A job of 1 MiB, SQS's limit, takes 0.1 s.
_ANSWER_WITHIN_S = 2.0
_SOURCES = str(Path(__file__).parents[3])
_COMMAND = (sys.executable, "-SP", "-m", job_rehearsal.__name__)  # -S: no third-party packages needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetted:
    """Message ids of jobs that kill their worker, and of jobs that there was no time to vet. Others are harmless.

    `failed`: no child process could be started, and nothing is known about the other jobs.
    """

    killers: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobVetting:
    """Vets jobs. A child process that does not answer within `answer_within_s` is killed."""

    answer_within_s: float = _ANSWER_WITHIN_S
    command: Sequence[str] = _COMMAND
    clock: Callable[[], float] = time.monotonic

    def vet(self, messages: Sequence[JobMessage], *, until: float) -> Vetted:
        """The result for the jobs. Ends at `until` (monotonic), or at most `answer_within_s` later."""
        killers: set[str] = set()
        waiting = list(messages)
        while waiting and self.clock() < until:
            answers, is_late = self._answers(waiting, until)
            if answers == 0:
                return Vetted(killers=frozenset(killers), failed=True)
            survived = answers - 1  # the first answer says that the child is ready
            if survived < len(waiting) and not is_late:
                killers.add(waiting[survived].id)
                survived += 1
            waiting = waiting[survived:]
        return Vetted(killers=frozenset(killers), unknown=frozenset(message.id for message in waiting))

    def _answers(self, messages: Sequence[JobMessage], until: float) -> tuple[int, bool]:
        """The number of answers from one child, and whether the child was stopped because time was up."""
        count = 0
        with contextlib.suppress(OSError), self._child(messages) as answers:
            while select.select([answers], [], [], self.answer_within_s)[0]:
                new = os.read(answers, 1024)
                count += len(new)
                if not new or count > len(messages):
                    break
                if self.clock() >= until:
                    return count, True
        return count, False

    @contextmanager
    def _child(self, messages: Sequence[JobMessage]) -> Iterator[int]:
        """Starts a child and writes the jobs to it. Yields the descriptor to read its answers from."""
        with subprocess.Popen(
            self.command,
            env={**os.environ, "PYTHONPATH": _SOURCES},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # an exception's message could repeat the prompt
        ) as child:
            # On another thread: a pipe holds 64 KiB, and a child that hangs stops reading.
            writer = threading.Thread(target=_write, args=(child.stdin, messages))
            writer.start()
            try:
                yield cast("IO[bytes]", child.stdout).fileno()
            finally:
                child.kill()
                writer.join()


def _write(pipe: IO[bytes], messages: Sequence[JobMessage]) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        for message in messages:
            pipe.write(job_rehearsal.framed(message.body))
