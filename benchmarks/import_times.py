"""`python -m benchmarks.import_times` prints what a cold start of the chat function consists of.

The tables are in docs/performance/optimisations.md. The first has the CPU time of processes that import a part of the whole, in
turns. The second has the modules' own times by Python's `-X importtime`, whose measuring makes them about a tenth longer.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import NamedTuple

import click

from benchmarks import contenders, functions, stage
from benchmarks.functions import Function
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.markdown import number, section

_LARGEST = 15
_LINE = re.compile(r"import time: +(?P<self_us>[0-9]+) \| +[0-9]+ \| *(?P<module>\S+)")
_OURS = ("chat_gateway", "client_keys", "client_usage", "watchdog_timer")
_HTTPX_AND_LOGGER = "import httpx; from aws_lambda_powertools import Logger"
_CHAT = "import response_streaming.loop, chat_gateway.http_api.handler"
_PARTS = {
    "Python alone": "pass",
    "awslambdaric and http.client, as in the bare handler": "import awslambdaric.bootstrap, http.client",
    "httpx and Powertools' Logger": _HTTPX_AND_LOGGER,
    "the same, and our loop": f"import response_streaming.loop; {_HTTPX_AND_LOGGER}",
    "the chat function: all that it imports, and its state": _CHAT,
}
# Our loop collects no garbage while it loads a handler.
_COLLECTS_NOTHING = "import gc; gc.disable(); "
_AT_ONCE_ENDED = "; import os; os._exit(0)"
_NO_API = "127.0.0.1:1"


class Group(NamedTuple):
    """The modules of one package, and the sum of their own times in microseconds."""

    name: str
    modules: int
    self_us: float


@click.command()
@click.option("--starts", default=15, help="How often each process is started.")
def main(starts: int) -> None:
    """Prints what a cold start of the chat function consists of."""
    with stage.opened() as where:
        quick = contenders.quick(where.folder, where.upstream)
        chat = next(function for function in quick if function.name == contenders.OURS)
        click.echo(_parts_table(_parts_ms(chat, where.runtime, starts)))
        click.echo(_groups_table(groups(_profile(chat, where.runtime) for _ in range(starts))))


def groups(profiles: Iterable[str]) -> list[Group]:
    """The packages in the outputs of `-X importtime`, the largest first. A module's time is its median."""
    taken: dict[str, list[int]] = defaultdict(list)
    for profile in profiles:
        for line in _LINE.finditer(profile):
            taken[line["module"]].append(int(line["self_us"]))
    of_packages: dict[str, list[float]] = defaultdict(list)
    for module, times_us in taken.items():
        of_packages[_package(module)].append(median(times_us))
    found = [Group(name, len(times_us), sum(times_us)) for name, times_us in of_packages.items()]
    return sorted(found, key=lambda group: group.self_us, reverse=True)


def _package(module: str) -> str:
    """The module's package. A library in C, such as `_ssl`, belongs to the module that it serves."""
    top = module.partition(".")[0]
    return "our own packages" if top in _OURS else top.lstrip("_")


def _parts_ms(chat: Function, runtime: ManagedRuntime, starts: int) -> Mapping[str, float]:
    """The median CPU time of a process with each part, in milliseconds. The parts take turns."""
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(starts):
        for name, code in _PARTS.items():
            taken[name].append(_cpu_ms(chat, runtime, code))
    return {name: median(times_ms) for name, times_ms in taken.items()}


def _cpu_ms(chat: Function, runtime: ManagedRuntime, code: str) -> float:
    command, env = _process(chat, runtime, code)
    with subprocess.Popen(command, env=env, cwd=chat.task_root) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return (used.ru_utime + used.ru_stime) * 1000


def _profile(chat: Function, runtime: ManagedRuntime) -> str:
    """What `-X importtime` prints for a start of the chat function."""
    command, env = _process(chat, runtime, _CHAT)
    command[1:1] = ["-X", "importtime"]
    done = subprocess.run(command, env=env, cwd=chat.task_root, capture_output=True, text=True, check=True)
    return done.stderr


def _process(chat: Function, runtime: ManagedRuntime, code: str) -> tuple[list[str], dict[str, str]]:
    """The command and the variables of a process that imports a part as the function does, and ends."""
    env = functions.environment(chat, _NO_API, runtime)
    env["PYTHONPATH"] = f"{chat.task_root}:{runtime.folder}"
    return [str(runtime.python), "-P", "-c", f"{_COLLECTS_NOTHING}{code}{_AT_ONCE_ENDED}"], env


def _parts_table(parts_ms: Mapping[str, float]) -> str:
    rows = [[name, number(cpu_ms, 1)] for name, cpu_ms in parts_ms.items()]
    return section("CPU time of a process", [["it imports", "ms"], *rows])


def _groups_table(found: list[Group]) -> str:
    whole_us, rest = sum(group.self_us for group in found), found[_LARGEST:]
    others = Group("others", sum(group.modules for group in rest), sum(group.self_us for group in rest))
    rows = [
        [group.name, str(group.modules), number(group.self_us / 1000, 1), f"{group.self_us / whole_us:.0%}"]
        for group in [*found[:_LARGEST], others]
    ]
    return section("Modules' own times", [["package", "modules", "ms", "share"], *rows])


if __name__ == "__main__":
    main()
