"""Several functions at work on trials at once: most of a trial's time is waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from concurrent.futures import Future

from tests.hostile_upstream import trials
from tests.hostile_upstream.functions import Function, Kind
from tests.hostile_upstream.trials import Observation, Trial

_SIZES = {
    Kind(is_worker=False, is_patient=True): 2,
    Kind(is_worker=False, is_patient=False): 4,
    Kind(is_worker=True, is_patient=True): 2,
    Kind(is_worker=True, is_patient=False): 3,
}
_PATIENCE_S = 110.0

_Task = tuple[Trial, "Future[Observation]"]


class Crew:
    """Chat functions and workers, each a process of its own, at work on `wanted` for as long as it is entered."""

    def __init__(self, wanted: Iterable[Trial]) -> None:
        self._waiting: dict[Kind, queue.SimpleQueue[_Task]] = {kind: queue.SimpleQueue() for kind in _SIZES}
        self._seen: dict[Trial, Future[Observation]] = {trial: Future() for trial in wanted}
        for task in self._seen.items():
            self._waiting[task[0].function].put(task)

    def __enter__(self) -> Crew:
        self._threads = [
            threading.Thread(target=self._work, args=(kind,))
            for kind, size in _SIZES.items()
            for _ in range(size)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for waiting in self._waiting.values():
            _drain(waiting)
        for thread in self._threads:
            thread.join(_PATIENCE_S)

    def seen(self, trial: Trial) -> Observation:
        """What was seen of it, once it has been tried. Raises what kept it from being tried."""
        return self._seen[trial].result(_PATIENCE_S)

    def _work(self, kind: Kind) -> None:
        waiting = self._waiting[kind]
        if waiting.empty():
            return
        try:
            with Function(kind) as function:
                while (task := _next(waiting)) is not None:
                    _try(task, function)
        except BaseException as error:  # noqa: BLE001 - the tests that wait are to raise it
            for _, seen in _drain(waiting):
                seen.set_exception(error)


def _try(task: _Task, function: Function) -> None:
    trial, seen = task
    try:
        seen.set_result(trials.run(trial, function))
    except BaseException as error:
        seen.set_exception(error)
        raise


def _next(waiting: queue.SimpleQueue[_Task]) -> _Task | None:
    try:
        return waiting.get_nowait()
    except queue.Empty:
        return None


def _drain(waiting: queue.SimpleQueue[_Task]) -> list[_Task]:
    """What was still waiting."""
    return list(iter(lambda: _next(waiting), None))
