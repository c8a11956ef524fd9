"""Several functions run trials at once, since most of a trial's time is waiting.

Each function's surroundings have their own process, so that no server waits while another trial's megabytes are read.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from multiprocessing.queues import SimpleQueue
from multiprocessing.sharedctypes import Synchronized

from tests.hostile_upstream import trials
from tests.hostile_upstream.functions import Function, Kind, empty_runtime, package
from tests.hostile_upstream.trials import Observation, Trial

_SIZES = {
    Kind(is_worker=False, is_patient=True): 2,
    Kind(is_worker=False, is_patient=False): 5,
    Kind(is_worker=True, is_patient=True): 3,
    Kind(is_worker=True, is_patient=False): 4,
    Kind(is_worker=False, is_patient=False, has_names=True): 2,
    Kind(is_worker=True, is_patient=False, has_names=True): 1,
}
_PATIENCE_S = 110.0
# Scenarios hold functions, which can be inherited and not sent.
_FORK = multiprocessing.get_context("fork")

# A trial's number and what was seen of it, or what kept it from being tried.
_Told = tuple[int, Observation | str]


class Crew:
    """Chat functions and workers that run the trials of `wanted` while the block runs."""

    def __init__(self, wanted: Iterable[Trial]) -> None:
        self._trials = {trial.number: trial for trial in wanted}
        self._seen: dict[int, Future[Observation]] = {number: Future() for number in self._trials}

    def __enter__(self) -> Crew:
        empty_runtime()  # before there are processes that would each make one
        for kind in _SIZES:
            package(kind)
        self._told: SimpleQueue[_Told | None] = _FORK.SimpleQueue()
        self._begun = {kind: _FORK.Value("i", 0) for kind in _SIZES}
        self._processes = [
            _FORK.Process(target=_work, args=(kind, self._of(kind), self._begun[kind], self._told))
            for kind, size in _SIZES.items()
            for _ in range(min(size, len(self._of(kind))))
        ]
        for process in self._processes:
            process.start()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        for begun in self._begun.values():
            begun.value = len(self._trials)
        for process in self._processes:
            process.join(_PATIENCE_S)
        self._told.put(None)
        self._listener.join()

    def seen(self, trial: Trial) -> Observation:
        """Returns the trial's observation once it has run. Raises RuntimeError with what kept it from running."""
        return self._seen[trial.number].result(_PATIENCE_S)

    def _of(self, kind: Kind) -> list[Trial]:
        return [trial for trial in self._trials.values() if trial.function == kind]

    def _listen(self) -> None:
        while (told := self._told.get()) is not None:
            number, seen = told
            if isinstance(seen, Observation):
                self._seen[number].set_result(seen)
            else:
                self._seen[number].set_exception(RuntimeError(seen))


def _work(
    kind: Kind, wanted: Sequence[Trial], begun: Synchronized[int], told: SimpleQueue[_Told | None]
) -> None:
    """Runs the remaining trials one after the other; without a function, reports that for each trial."""
    left = _left(wanted, begun)
    try:
        with Function(kind) as function:
            for trial in left:
                told.put((trial.number, _tried(trial, function)))
    except Exception as error:  # noqa: BLE001 - the tests that wait are to raise it
        for trial in left:
            told.put((trial.number, f"no function: {error!r}"))


def _left(wanted: Sequence[Trial], begun: Synchronized[int]) -> Iterator[Trial]:
    """The trials that no process has begun, one by one; all processes of the kind share the same count."""
    while True:
        with begun.get_lock():
            at = begun.value
            begun.value += 1
        if at >= len(wanted):
            return
        yield wanted[at]


def _tried(trial: Trial, function: Function) -> Observation | str:
    try:
        return trials.run(trial, function)
    except Exception as error:  # noqa: BLE001 - the test that waits for it is to raise it
        return repr(error)
