"""Sends a checked input file's lines to the jobs queue, each at least once. Continues where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from gateway_cli.jobs import job_keys, parallel, sending
from gateway_cli.jobs.batches import batches
from gateway_cli.jobs.input_check import CheckedInput
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.sending import Message
from gateway_cli.jobs.submission_record import SubmissionRecord

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MAX_REFUSALS_KEPT = 100
# The message attribute in which the worker finds the client of a job.
_CLIENT_ATTRIBUTE = "client"


@dataclass(slots=True)
class Sent:
    """The lines that SQS accepted and refused in this run. `refused` has the first refused lines with SQS's codes."""

    count: int = 0
    refused_count: int = 0
    refused: dict[int, str] = field(default_factory=dict)


class Submission:
    """One run. `sent` changes during the run."""

    def __init__(
        self,
        sqs: SQSClient,
        queue_url: str,
        checked: CheckedInput,
        record: SubmissionRecord,
        *,
        client_id: str | None = None,
    ) -> None:
        self._sqs, self._queue_url, self._record, self._client_id = sqs, queue_url, record, client_id
        self._batches = batches(self._messages(checked))
        self._lock = Lock()  # protects the file, the record and the counts
        self.sent = Sent()

    def run(self, interruption: Interruption, *, senders: int, watch: Callable[[], None]) -> None:
        """Sends the lines that are not in the record, until all are sent or an interruption.

        At most one batch for each of `senders` is in memory. If this process is killed, the next run sends these batches
        again, with the same job keys. Raises FileChangedError, SendError, RecordError, and the exceptions of boto3 and SQLite.
        """

        def step() -> bool:
            return self._send_next(interruption)

        parallel.run(step, threads=senders, stop=interruption.stop, watch=watch)

    def _messages(self, checked: CheckedInput) -> Iterator[Message]:
        return (
            Message(number, body, self._attributes(number))
            for number, body in checked.good_lines()
            if not self._record.has(number)
        )

    def _attributes(self, number: int) -> dict[str, Any]:
        texts = {job_keys.ATTRIBUTE: job_keys.key(self._record.id, number)}
        if self._client_id is not None:
            texts[_CLIENT_ATTRIBUTE] = self._client_id
        return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}

    def _send_next(self, interruption: Interruption) -> bool:
        with self._lock:
            batch = next(self._batches, None)
        if batch is None:
            return False
        outcome = sending.send(self._sqs, self._queue_url, batch, stop=interruption.stop)
        with self._lock:
            self._note(outcome)
        if outcome.error is not None:
            raise outcome.error
        return True

    def _note(self, outcome: sending.Outcome) -> None:
        self._record.add(outcome.accepted)
        self.sent.count += len(outcome.accepted)
        self.sent.refused_count += len(outcome.refused)
        if len(self.sent.refused) < _MAX_REFUSALS_KEPT:
            self.sent.refused.update(outcome.refused)
