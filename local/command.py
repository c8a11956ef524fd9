"""The command `python -m local`, which runs the gateway until Ctrl-C, or checks it and stops."""

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
@click.option("--check", is_flag=True, help="Check every step, stop everything and exit with 0 or 1.")
@click.option("--policy-of", metavar="ENV", help="Enforce the guardrail policy of environment ENV.")
def main(*, check: bool, policy_of: str | None) -> None:
    """Deploys the gateway to a local AWS with a real model, shows that it works, and serves requests."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals that cannot print ✓
    screen = Screen(Console(highlight=False))
    try:
        with interruption.as_keyboard_interrupt():
            policy = _policy(policy_of, screen)
            status = _check(screen, policy) if check else _serve(screen, policy)
    except LocalError as error:
        status = _failed(error)
    except (BotoCoreError, ClientError) as error:
        log_file = StateFolder().log("emulator")
        status = _failed(LocalError(f"A call to the local AWS failed: {error}", log_file=log_file))
    except KeyboardInterrupt:
        click.echo("Interrupted. Everything was stopped.", err=True)
        status = _INTERRUPTED
    sys.exit(status)


def _failed(error: LocalError) -> int:
    """Prints the error. Returns the exit status."""
    click.echo("\n".join(failures.report(error)), err=True)
    return 1


def _policy(environment: str | None, screen: Screen) -> GuardrailPolicy:
    """The policy of this environment; without an environment, the local policy. Raises SettingError."""
    if environment is None:
        return guardrail_policy.LOCAL
    policy = guardrail_policy.of_environment(environment)
    screen.say([f"The guardrail has the policy of {environment!r}."])
    ignored = list(policy.not_evaluated())
    if ignored:
        screen.say([f"The local AWS ignores these parts of the policy: {', '.join(ignored)}."])
    return policy


def _check(screen: Screen, policy: GuardrailPolicy) -> int:
    """Runs all checks. Returns the exit status."""
    generator = standin_process.generator()
    with deployed(generator, policy=policy, step=screen.step, say=screen.say_line) as stack:
        succeeded = checks.run(checks.everything(policy), stack, screen)
    screen.say(["All checks passed." if succeeded else "Some checks failed."])
    return 0 if succeeded else 1


def _serve(screen: Screen, policy: GuardrailPolicy) -> int:
    """Serves until Ctrl-C. Returns the exit status 0. Raises ProcessEndedError."""
    generator = standin_process.generator()
    with deployed(generator, policy=policy, step=screen.step, say=screen.say_line) as stack:
        checks.run(checks.demonstration(policy), stack, screen)
        screen.say(summary(stack))
        _watch(stack)
        screen.say(["", "Stopping …"])
    return 0


def _watch(stack: LocalStack) -> None:
    """Returns at Ctrl-C. Raises ProcessEndedError if a process of the stack ends first."""
    try:
        while True:
            stack.check()
            time.sleep(_WATCH_S)
    except KeyboardInterrupt:
        return
