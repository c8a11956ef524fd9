"""Receives results from the queue into a file. A message is deleted only after its line is on disk."""

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

# Long enough to fetch and write ten large results, and shorter than the default idle time, so that the next run receives
# the messages of a killed run. If it is too short, a result comes twice, and the second is not written.
_HIDDEN_S = 20
_MAX_POLL_S = 2  # the longest delay of an interruption
_MAX_PROBLEMS_KEPT = 20


@dataclass(slots=True)
class Received:
    """What this run received. `left` has the first messages that stay in the queue, with the reasons."""

    new: int = 0
    repeats: int = 0
    conflicts: list[str] = field(default_factory=list)  # the first ids
    conflict_count: int = 0
    left: dict[str, str] = field(default_factory=dict)  # by message id


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """When a run ends: after `count` new results, or after `idle_s` seconds without a new one."""

    count: int | None
    idle_s: float


class Reception:
    """One run. `received` changes during the run."""

    def __init__(
        self, sqs: SQSClient, queue_url: str, large: LargeResults, file: ResultsFile, until: Until
    ) -> None:
        self._sqs, self._queue_url, self._large, self._file, self._until = sqs, queue_url, large, file, until
        self._lock = Lock()  # protects the file and the counts
        self._last_new = time.monotonic()
        self.received = Received()

    @property
    def is_complete(self) -> bool:
        """Whether `count` new results have come. True if there is no `count`."""
        return self._until.count is None or self.received.new >= self._until.count

    def run(self, interruption: Interruption, *, receivers: int, watch: Callable[[], None]) -> None:
        """Receives results until enough have come, the idle time is over, or an interruption.

        The file is consistent at every moment. Raises boto3's exceptions and those of ResultsFile.keep.
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
        """Whether there is a `count`, and as many new results have come."""
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
        """Makes the messages visible again that are still in the list at the end of the block."""
        held = list(messages)
        try:
            yield held
        finally:
            held_messages.give_back(self._sqs, self._queue_url, held)

    def _usable(self, held: list[MessageTypeDef]) -> list[tuple[MessageTypeDef, ResultLine]]:
        """The messages with their whole lines. A message that is not a result stays hidden for a while."""
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
        """Writes as many results as are still wanted. Returns the messages that may be deleted."""
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
