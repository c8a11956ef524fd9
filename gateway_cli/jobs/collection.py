"""Collects the answers of one submission from the table of job records into a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock

from gateway_cli.jobs import job_keys, job_records, parallel, result_line
from gateway_cli.jobs.expected_lines import ExpectedLines, State
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.job_records import JobRecord, JobRecords
from gateway_cli.jobs.large_results import LargeResults, UnusableLocationError
from gateway_cli.jobs.result_line import NotAResultError, ResultLine
from gateway_cli.jobs.results_file import ResultsFile, Verdict

FIRST_WAIT_S = 0.5
_MAX_WAIT_S = 60.0
# The average rate of reads while many answers are missing. It limits the cost: each read is half a read unit.
_LINES_PER_S = 1000
_MAX_PROBLEMS_KEPT = 20


@dataclass(slots=True)
class Collected:
    """The number of new results in this run, and the first unreadable results: the reasons by the results' ids."""

    new: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The sources of answers, and the file for them."""

    records: JobRecords
    large: LargeResults
    file: ResultsFile


class Collection:
    """One run. `collected` and `expected` change during the run."""

    def __init__(self, places: Places, submission: str, expected: ExpectedLines) -> None:
        self._places, self._submission, self._expected = places, submission, expected
        self._lock = Lock()  # protects the file, the expected lines, the counts and the position in the pass
        self._read_to = 0
        self.collected = Collected()

    def run(
        self, interruption: Interruption, *, idle_s: float, readers: int, watch: Callable[[], None]
    ) -> None:
        """Reads the missing answers repeatedly until no line is waiting, no answer came for `idle_s`, or an interruption.

        A dead letter is not waiting. The file is consistent at every moment. Raises boto3's exceptions,
        RecordsUnreadError, and the exceptions of ResultsFile.keep.
        """
        last_new, quiet_passes = time.monotonic(), 0
        while self._expected.count(State.WAITING):
            before = self.collected.new
            self._pass(interruption.stop, readers, watch)
            if self.collected.new > before:
                last_new, quiet_passes = time.monotonic(), 0
            else:
                quiet_passes += 1
            idle_left_s = idle_s - (time.monotonic() - last_new)
            wait_s = min(self._wait_s(quiet_passes), idle_left_s)
            if wait_s <= 0 or not self._expected.count(State.WAITING) or interruption.stop.wait(wait_s):
                return

    def _wait_s(self, quiet_passes: int) -> float:
        """The wait before the next pass. It grows with the passes without a new answer, and with the missing lines."""
        doubled: float = FIRST_WAIT_S * 2 ** min(quiet_passes, 10)
        return min(max(doubled, self._expected.missing_count / _LINES_PER_S), _MAX_WAIT_S)

    def _pass(self, stop: Event, readers: int, watch: Callable[[], None]) -> None:
        """Reads the record of each missing line once."""
        self._read_to = 0
        batches = -(-self._expected.missing_count // job_records.MAX_KEYS)
        parallel.run(lambda: self._read_some(stop), threads=min(readers, batches), stop=stop, watch=watch)

    def _read_some(self, stop: Event) -> bool:
        """Reads the next lines of the pass. Returns False at the end of the pass."""
        with self._lock:
            lines = self._expected.to_read(after=self._read_to, limit=job_records.MAX_KEYS)
            self._read_to = lines[-1] if lines else self._read_to
        states = dict.fromkeys(lines, State.WAITING)
        numbers = {job_keys.key(self._submission, line): line for line in lines}
        for records in self._places.records.read(list(numbers), stop=stop):
            states.update(self._take({numbers[record.key]: record for record in records}))
        with self._lock:
            self._expected.found(states)
        return bool(lines)

    def _take(self, records: Mapping[int, JobRecord]) -> dict[int, State]:
        """Writes the answers in `records`, whose keys are line numbers. Returns the states of lines without an answer.

        Small answers are written together, because each write waits for the disk.
        """
        small: dict[int, ResultLine] = {}
        states = {}
        for number, record in records.items():
            try:
                line = self._line(record)
                if line is None:
                    states[number] = State.DEAD_LETTER if record.is_dead_letter else State.WAITING
                elif record.line is not None and line.location is None:
                    small[number] = line
                else:
                    self._keep({number: self._places.large.whole(line)})
            except (NotAResultError, UnusableLocationError) as error:
                states[number] = State.UNREADABLE
                self._note_unreadable(record, str(error))
        self._keep(small)
        return states

    def _line(self, record: JobRecord) -> ResultLine | None:
        """The answer, which may only point to the whole line in S3; None if there is no answer yet."""
        if record.line is not None:
            line = result_line.parse(record.line.encode())
        elif record.s3_key is not None:
            line = self._places.large.at(record.s3_key)
        else:
            return None
        if line.id != job_keys.result_id(record.key):
            raise UnusableLocationError("the job's record has the result of another job")
        return line

    def _keep(self, answers: Mapping[int, ResultLine]) -> None:
        with self._lock:
            verdicts = self._places.file.keep(answers.values())
            self.collected.new += verdicts.count(Verdict.NEW)
            for number in answers:
                self._expected.arrived(number)

    def _note_unreadable(self, record: JobRecord, reason: str) -> None:
        with self._lock:
            if len(self.collected.unreadable) < _MAX_PROBLEMS_KEPT:
                self.collected.unreadable[job_keys.result_id(record.key)] = reason
