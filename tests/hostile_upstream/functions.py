"""The real functions, each in its own process under a Runtime API, with a hostile Bedrock and an AWS."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks import contenders, managed_runtime
from benchmarks.managed_runtime import ManagedRuntime
from infra.functions import function_packages
from tests.hostile_upstream import limited_client, memory, names
from tests.hostile_upstream.aws import FakeAws
from tests.hostile_upstream.server import HostileServer
from tests.runtime_api import (
    RuntimeApiServer,
    RuntimeProcess,
    awslambdaric_runtime,
    streaming_runtime,
)

_CHAT, _WORKER = "chat_gateway.http_api.handler", "chat_gateway.jobs.worker"
_PATIENCE_S = 25.0
MAX_RECEIVES = 10
_FOLDERS: list[
    tempfile.TemporaryDirectory[str]
] = []  # removed when they are no longer referred to: at the end
# Seconds to connect, to the first byte, between bytes, in all.
_IMPATIENT, _PATIENT, _BY_NAME = ("1", "1", "0.5", "2"), ("5", "10", "10", "20"), ("1", "3", "0.5", "5")
# The scenarios need room for large documents. Lambda returns 6 MB in one piece; a job's result goes to S3.
_MAX_RESPONSE_BYTES, _MAX_JOB_RESPONSE_BYTES = "6225920", "8388608"


@dataclass(frozen=True, slots=True)
class Kind:
    """A function's setup. An impatient function gives up a slow answer soon; a patient one never during a test.

    `has_names`: its environment has model names, and Bedrock in another region.
    """

    is_worker: bool
    is_patient: bool
    has_names: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A function's answer to the Runtime API: all bytes and trailers. `is_whole`: it was not cut off."""

    body: bytes
    trailers: list[tuple[str, str]]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """One event, its answer (None if there was none) and its log."""

    answer: Answered | None
    log: str
    peak_mib: float


@cache
def package(kind: Kind) -> Path:
    """The deployed package for a function of that kind."""
    name, module = ("worker", _WORKER) if kind.is_worker else ("api", _CHAT)
    built = function_packages.build(
        name, module, requirements="upstream", for_this_machine=True, streams=not kind.is_worker
    )
    return built.folder


@cache
def empty_runtime() -> ManagedRuntime:
    """A Python with only what Lambda provides: a package that lacks anything fails in it."""
    folder = tempfile.TemporaryDirectory(prefix="hostile-runtime-")
    _FOLDERS.append(folder)
    return managed_runtime.make(Path(folder.name))


class Function:
    """A function that runs while the block runs; it is restarted if it dies, hangs or takes too much memory."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def __enter__(self) -> Function:
        with ExitStack() as stack:
            self.bedrock = stack.enter_context(HostileServer())
            self.elsewhere = stack.enter_context(HostileServer())
            self.aws = stack.enter_context(FakeAws())
            self._running = stack.enter_context(ExitStack())
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def exchange(self, event: object) -> Exchange:
        """Gives the event to the function, and waits until the function asks for the next one."""
        seen = self._written()
        memory.reset_peak(self._process.pid)
        self._api.forget()
        answer = self._answered(event)
        log = [now[len(before) :] for now, before in zip(self._written(), seen, strict=True)]
        exchange = Exchange(answer, "".join(log), memory.peak_mib(self._process.pid))
        if answer is None or exchange.peak_mib > memory.MOST_MIB:  # else the next trial is blamed for it
            self._running.close()
            self._start()
        return exchange

    def _answered(self, event: object) -> Answered | None:
        try:
            request = self._api.invoke(event).answer(_PATIENCE_S)
            self._api.wait_for("GET /invocation/next", _PATIENCE_S)
        except AssertionError:
            return None
        return Answered(request.body, request.trailers, request.complete)

    def _start(self) -> None:
        self._api = self._running.enter_context(RuntimeApiServer())
        self._process = self._running.enter_context(self._process_of(self._api))
        self._api.wait_for("GET /invocation/next", _PATIENCE_S)

    def _process_of(self, api: RuntimeApiServer) -> AbstractContextManager[RuntimeProcess]:
        env = {**self._variables(), **_timeouts(self._kind), **_AWS}
        if self._kind.has_names:
            env |= names.variables(self.elsewhere.address)
        env["BEDROCK_BASE_URL"] = f"http://{self.bedrock.address}/openai/v1"
        root, runtime = package(self._kind), empty_runtime()
        python = str(runtime.python)
        if self._kind.is_worker:
            env["PYTHONPATH"] = f"{root}:{runtime.folder}"
            return awslambdaric_runtime(
                api, task_root=root, handler=f"{_WORKER}.handle", env=env, python=python
            )
        env["PYTHONPATH"] = str(runtime.folder)
        return streaming_runtime(api, task_root=root, handler=f"{_CHAT}.handle", env=env, python=python)

    def _variables(self) -> Mapping[str, str]:
        if self._kind.is_worker:
            worker = contenders.worker_variables(self.aws.address, width=1)
            ours = {
                "JOB_ENDING_S": "1",
                "JOB_MAX_RECEIVES": str(MAX_RECEIVES),
                "MAX_RESPONSE_BYTES": _MAX_JOB_RESPONSE_BYTES,
            }
            return {**worker, **ours, **_METRICS, "JOB_SENDERS": limited_client.SENDER}
        chat = contenders.chat_variables(self.aws.address)
        return {**chat, **_METRICS, "MAX_RESPONSE_BYTES": _MAX_RESPONSE_BYTES}

    def _written(self) -> tuple[str, str]:
        return self._process.stdout, self._process.stderr


_METRICS = {"METRICS_ENVIRONMENT": "hostile"}
_AWS = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _timeouts(kind: Kind) -> dict[str, str]:
    times = _BY_NAME if kind.has_names else _PATIENT if kind.is_patient else _IMPATIENT
    connect_s, first_byte_s, between_bytes_s, total_s = times
    return {
        "UPSTREAM_CONNECT_TIMEOUT_S": connect_s,
        "UPSTREAM_FIRST_BYTE_TIMEOUT_S": first_byte_s,
        "UPSTREAM_BETWEEN_BYTES_TIMEOUT_S": between_bytes_s,
        "UPSTREAM_TOTAL_TIMEOUT_S": total_s,
        "STREAM_TIMEOUT_S": total_s,
    }
