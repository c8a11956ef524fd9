"""Receives results into a file; a message is deleted only when its line is on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING

from gateway_cli.jobs import held_messages, parallel, result_line
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.large_results import LargeResults, UnusableLocationError
from gateway_cli.jobs.result_line import NotAResultError, ResultLine
from gateway_cli.jobs.results_file import ResultsFile, Verdict

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Enough to fetch ten large results and write them, and less than a run waits for more: what a killed run held comes
# back to the next one. Too short, it costs a repeat, which is removed.
_HIDDEN_S = 20
_MAX_POLL_S = 2  # how long an end may have to wait
_MAX_PROBLEMS_KEPT = 20


@dataclass(slots=True)
class Received:
    """What came in this run; `left` messages stay in the queue, the first of them with the reason."""

    new: int = 0
    repeats: int = 0
    conflicts: list[str] = field(default_factory=list)  # ids, the first of them
    conflict_count: int = 0
    left: dict[str, str] = field(default_factory=dict)  # by message id


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """When enough was received: `count` new results; or nothing came for `idle_s`."""

    count: int | None
    idle_s: float


class Reception:
    """One run; `received` grows while it goes."""

    def __init__(
        self, sqs: SQSClient, queue_url: str, large: LargeResults, file: ResultsFile, until: Until
    ) -> None:
        self._sqs, self._queue_url, self._large, self._file, self._until = sqs, queue_url, large, file, until
        self._lock = Lock()  # over the file, what is expected, and the counts
        self._last_new = time.monotonic()
        self.received = Received()

    @property
    def is_complete(self) -> bool:
        """Whether as many have come as were asked for; always, where no number was."""
        return self._until.count is None or self.received.new >= self._until.count

    def run(self, interruption: Interruption, *, receivers: int, watch: Callable[[], None]) -> None:
        """Receives until enough, idle or interrupted; the file is consistent at every moment.

        Raises what boto3 raises, and what ResultsFile.keep does.
        """

        def watch_both() -> None:
            watch()
            if time.monotonic() - self._last_new > self._until.idle_s:
                interruption.stop.set()

        def step() -> bool:
            return self._receive_some(interruption.stop)

        self._last_new = time.monotonic()
        if not self.is_enough:
            parallel.run(step, threads=receivers, stop=interruption.stop, watch=watch_both)

    @property
    def is_enough(self) -> bool:
        """Whether a number was asked for, and has come."""
        return self._until.count is not None and self.is_complete

    def _receive_some(self, stop: Event) -> bool:
        poll_s = max(1, min(_MAX_POLL_S, int(self._until.idle_s)))
        messages = held_messages.receive(self._sqs, self._queue_url, wait_s=poll_s, hidden_s=_HIDDEN_S)
        with self._given_back(messages) as held:
            if messages and not stop.is_set():
                usable = self._usable(held)
                with self._lock:
                    kept = self._keep(usable)
                undeleted = held_messages.delete(self._sqs, self._queue_url, kept)
                held[:] = [message for message in held if message not in kept or message in undeleted]
        return not self.is_enough

    @contextmanager
    def _given_back(self, messages: list[MessageTypeDef]) -> Iterator[list[MessageTypeDef]]:
        """What is still in the list at the end becomes visible again."""
        held = list(messages)
        try:
            yield held
        finally:
            held_messages.give_back(self._sqs, self._queue_url, held)

    def _usable(self, held: list[MessageTypeDef]) -> list[tuple[MessageTypeDef, ResultLine]]:
        """The messages with their whole lines; what is none is left alone, hidden for a while."""
        usable = []
        for message in list(held):
            try:
                line = result_line.parse(message["Body"].encode())
                usable.append((message, self._large.whole(line)))
            except (NotAResultError, UnusableLocationError) as error:
                self._leave(message, str(error))
                held.remove(message)
        return usable

    def _leave(self, message: MessageTypeDef, reason: str) -> None:
        with self._lock:
            if len(self.received.left) < _MAX_PROBLEMS_KEPT:
                self.received.left[message["MessageId"]] = reason

    def _keep(self, usable: list[tuple[MessageTypeDef, ResultLine]]) -> list[MessageTypeDef]:
        """Writes as many as are wanted; the messages that may be deleted."""
        if self._until.count is not None:
            usable = usable[: self._until.count - self.received.new]
        lines = [line for _, line in usable]
        for line, verdict in zip(lines, self._file.keep(lines), strict=True):
            self._note(line, verdict)
        return [message for message, _ in usable]

    def _note(self, line: ResultLine, verdict: Verdict) -> None:
        if verdict is Verdict.NEW:
            self._last_new = time.monotonic()
            self.received.new += 1
        elif verdict is Verdict.REPEAT:
            self.received.repeats += 1
        else:
            self.received.conflict_count += 1
            if len(self.received.conflicts) < _MAX_PROBLEMS_KEPT:
                self.received.conflicts.append(line.id)
