"""Runs the bundles' trials, several at a time."""

from __future__ import annotations

import contextlib
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from tests.hostile_upstream import bundles
from tests.hostile_upstream.bundle_trials import BundleTrial, Setting
from tests.hostile_upstream.bundles import Tried
from tests.hostile_upstream.functions import empty_runtime
from tests.hostile_upstream.script import Close, Script
from tests.hostile_upstream.server import HostileServer
from tests.hostile_upstream.surroundings import Surroundings

_AT_ONCE = 3
_PATIENCE_S = 100.0


class BundleCrew:
    """Takes `wanted` in groups: trials with the same setting share a process, one after the other."""

    def __init__(self, wanted: Iterable[BundleTrial]) -> None:
        self._groups: dict[str, list[BundleTrial]] = defaultdict(list)
        for trial in wanted:
            self._groups[trial.process].append(trial)
        self._tried: dict[str, Future[Tried]] = defaultdict(Future)

    def __enter__(self) -> BundleCrew:
        empty_runtime()  # before there are threads that would each make one
        self._threads = ThreadPoolExecutor(_AT_ONCE)
        for group in sorted(self._groups.values(), key=len, reverse=True):
            self._threads.submit(self._work, group)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def tried(self, trial: BundleTrial) -> Tried:
        """Returns the trial's outcome once the trial has run. Raises the error that kept it from running."""
        return self._tried[trial.id].result(_PATIENCE_S)

    def _work(self, group: Sequence[BundleTrial]) -> None:
        left = list(group)
        try:
            with _addresses() as (surroundings, addresses), _running(group[0].setting, addresses) as bundle:
                while left:
                    surroundings.play(left[0].scripts)
                    self._tried[left[0].id].set_result(bundle.tried(left[0].event))
                    left.pop(0)
        except BaseException as error:  # noqa: BLE001 - the tests that wait are to raise it
            for trial in left:
                self._tried[trial.id].set_exception(error)


@contextlib.contextmanager
def _addresses() -> Iterator[tuple[Surroundings, dict[str, str]]]:
    with (
        Surroundings() as surroundings,
        HostileServer() as no_protocol,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        no_protocol.script = Script((b"nonsense\r\n", Close()), before_request=True)
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        yield (
            surroundings,
            {"here": surroundings.address, "no_protocol": no_protocol.address, "nobody": nobody},
        )


def _running(
    setting: Setting, addresses: dict[str, str]
) -> contextlib.AbstractContextManager[bundles.RunningBundle]:
    variables = {name: value.format(**addresses) for name, value in setting.variables.items()}
    return bundles.running(setting.bundle, variables)
