"""After SIGTERM or a closed terminal, a command cleans up as after Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from gateway_cli import termination
from tests.unit.gateway_cli import subprocesses

_PROVE = """
import signal, sys, time
import boto3
from moto import mock_aws
from gateway_cli import stack_outputs
from gateway_cli.command import cli
from guardrail_proof import over_http
from tests.unit import clients_table
from tests.unit.gateway_cli.outputs import OUTPUTS

# Whoever runs the tests in the background, or under nohup, has them ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
for ends in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(ends, signal.SIG_DFL)

def clients():
    return boto3.client("dynamodb").scan(TableName=clients_table.TABLE)["Count"]

def waiting(endpoint):
    print("clients:", clients(), flush=True)
    while True:
        signal.pause()
        yield

stack_outputs.read = lambda *_: OUTPUTS
over_http.over_http = waiting
with mock_aws():
    clients_table.create(boto3.client("dynamodb"))
    try:
        cli(["prove", "--env", "dev"])
    finally:
        print("clients:", clients(), flush=True)
"""


def started() -> subprocess.Popen[str]:
    """The command `prove` just before its requests; its first line is the number of clients."""
    inherited = subprocesses.environment()
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [sys.executable, "-c", _PROVE],
        env={**kept, "AWS_DEFAULT_REGION": "us-east-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_proof_leaves_no_client(number: signal.Signals) -> None:
    """A signal that ends `prove` removes its client, and the command reports that it was aborted."""
    with started() as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "clients: 1\n"
        command.send_signal(number)
        said, complained = command.communicate(timeout=60)
    assert (command.returncode, said) == (1, "clients: 0\n")
    assert complained.strip() == "Aborted!"


def test_ignored_signal_stays_ignored() -> None:
    """A signal that nohup ignores stays ignored, and the handlers are restored afterwards."""
    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with termination.as_keyboard_interrupt():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, earlier)


def test_ctrl_c_while_importing_is_short() -> None:
    """Ctrl-C before a command has begun ends it with click's message and status, without a traceback."""
    code = """
import os, signal, sys, threading

class Late:
    @staticmethod
    def find_spec(name, *_):
        if name == "boto3":
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait()

sys.meta_path.insert(0, Late)
from gateway_cli import entry_point
entry_point.main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=subprocesses.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (1, "Aborted!\n")
