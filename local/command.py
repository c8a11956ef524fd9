"""The command behind `python -m local`: runs the gateway until Ctrl-C, or checks it and stops."""

from __future__ import annotations

import io
import sys
import time

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.aws import guardrail_policy
from local.aws.guardrail_policy import GuardrailPolicy
from local.demonstration import checks
from local.demonstration.screen import Screen, summary
from local.machine import failures, interruption
from local.machine.failures import LocalError
from local.machine.paths import StateFolder
from local.stack import standin_process
from local.stack.local_stack import LocalStack
from local.stack.start import deployed

_INTERRUPTED = 130
_WATCH_S = 0.5


@click.command()
@click.option("--check", is_flag=True, help="Check every step, stop everything, and exit with 0 or 1.")
@click.option("--policy-of", metavar="ENV", help="Enforce the guardrail policy of that environment.")
def main(*, check: bool, policy_of: str | None) -> None:
    """Deploys the gateway to a local AWS, with a real model behind it, shows it working, and serves it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without ✓ is no reason to fail
    screen = Screen(Console(highlight=False))
    try:
        with interruption.as_keyboard_interrupt():
            policy = _policy(policy_of, screen)
            status = _check(screen, policy) if check else _serve(screen, policy)
    except LocalError as error:
        status = _failed(error)
    except (BotoCoreError, ClientError) as error:
        log_file = StateFolder().log("emulator")
        status = _failed(LocalError(f"The local AWS did not do as asked: {error}", log_file=log_file))
    except KeyboardInterrupt:
        click.echo("Interrupted; everything was stopped.", err=True)
        status = _INTERRUPTED
    sys.exit(status)


def _failed(error: LocalError) -> int:
    """Says what went wrong; returns the exit status."""
    click.echo("\n".join(failures.report(error)), err=True)
    return 1


def _policy(environment: str | None, screen: Screen) -> GuardrailPolicy:
    """The policy of the environment of that name, else the local one. Raises SettingError."""
    if environment is None:
        return guardrail_policy.LOCAL
    policy = guardrail_policy.of_environment(environment)
    screen.say([f"The guardrail has the policy of {environment!r}."])
    ignored = list(policy.not_evaluated())
    if ignored:
        screen.say([f"The local AWS does not evaluate {', '.join(ignored)}."])
    return policy


def _check(screen: Screen, policy: GuardrailPolicy) -> int:
    """The exit status."""
    generator = standin_process.generator()
    with deployed(generator, policy=policy, step=screen.step, say=screen.say_line) as stack:
        succeeded = checks.run(checks.everything(policy), stack, screen)
    screen.say(["All checks passed." if succeeded else "Some checks failed."])
    return 0 if succeeded else 1


def _serve(screen: Screen, policy: GuardrailPolicy) -> int:
    """The exit status: 0 once it served and was asked to stop. Raises ProcessEndedError."""
    generator = standin_process.generator()
    with deployed(generator, policy=policy, step=screen.step, say=screen.say_line) as stack:
        checks.run(checks.demonstration(policy), stack, screen)
        screen.say(summary(stack))
        _watch(stack)
        screen.say(["", "Stopping …"])
    return 0


def _watch(stack: LocalStack) -> None:
    """Returns when the run is to end. Raises ProcessEndedError where a process of the stack ends first."""
    try:
        while True:
            stack.check()
            time.sleep(_WATCH_S)
    except KeyboardInterrupt:
        return
