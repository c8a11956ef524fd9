"""The child process that rehearses jobs: docs/adr/0019-a-job-that-kills-its-worker.md.

It handles each job as an attempt does before it asks Bedrock, so a job that would kill the worker kills this process.
It reads jobs from standard input, each after its length in bytes and a line break. It writes one byte to standard
output when it is ready, and one for each job that it has survived.
"""

from __future__ import annotations

import os
import resource
import sys

from chat_gateway.core.errors import GatewayError
from chat_gateway.guardrail import rule
from chat_gateway.jobs import lines as job_lines
from chat_gateway.service.settings import UpstreamSettings

_STDOUT = 1
_MIB = 1024 * 1024


def framed(line: str) -> bytes:
    """A job as this process reads it from standard input."""
    raw = line.encode("utf-8", "surrogatepass")
    return b"%d\n%b" % (len(raw), raw)


def main() -> None:
    """Rehearses jobs until the input ends. Raises ConfigurationError."""
    settings = UpstreamSettings.from_env()
    limit_memory()
    _say_done()
    while size := sys.stdin.buffer.readline():
        _rehearse(sys.stdin.buffer.read(int(size)).decode("utf-8", "surrogatepass"), settings)
        _say_done()


def _rehearse(line: str, settings: UpstreamSettings) -> None:
    try:
        job = job_lines.parse(line, max_bytes=settings.max_request_bytes)
        rule.apply(settings.guardrail, job.request.document, {})
    except MemoryError:
        raise  # in the worker, this would also end the other jobs
    except GatewayError:
        job_lines.readable_custom_id(line)
    except Exception:  # noqa: BLE001, S110 - the worker survives it, too
        pass


def limit_memory() -> None:
    """Limits this process to half of the function's memory, so that the kernel does not kill the worker."""
    function_mib = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    if function_mib is not None:
        limit_bytes = int(function_mib) * _MIB // 2
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


def _say_done() -> None:
    os.write(_STDOUT, b".")


if __name__ == "__main__":
    main()
