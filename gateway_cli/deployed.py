"""Finds the deployed environment for a command, and turns errors of AWS and the disk into one-line messages."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from gateway_cli import local_stack, settings_file, stack_outputs, termination
from gateway_cli.stack_outputs import StackOutputs

_NO_REGION = "No AWS region is configured: use --region or set AWS_REGION."
_NO_CREDENTIALS = (
    "No AWS credentials were found: use --profile, set AWS_PROFILE, or log in as for any AWS tool."
)


def deployed(*failures: type[Exception]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options that choose an environment. The command receives the session and the stack's outputs.

    `failures` are the command's own exceptions. Only their message is shown to the user.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @options
        @wraps(command)
        def run(
            *, env_name: str, region: str | None, profile: str | None, stack: str | None, **arguments: Any
        ) -> None:
            with told(*failures, env_name=env_name), termination.as_keyboard_interrupt():
                command(*found(env_name, region, profile, stack), **arguments)

        return run

    return decorate


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that choose an environment: `env_name`, `region`, `profile` and `stack`."""
    for option in (
        click.option("--stack", help="The stack's name. Default: the name that `make deploy` uses."),
        click.option("--profile", help="The AWS profile. Default: AWS's usual rules."),
        click.option("--region", help="The AWS region. Default: AWS_REGION, or the profile's region."),
        click.option("--env", "env_name", required=True, help="The environment, as given to `make deploy`."),
    ):
        command = option(command)
    return command


def found(
    env_name: str, region: str | None, profile: str | None, stack: str | None
) -> tuple[boto3.Session, StackOutputs]:
    """A session, and the outputs of the environment's stack. Raises NotDeployedError and boto3's exceptions."""
    # boto3 itself reads AWS_DEFAULT_REGION only.
    region = region or os.environ.get("AWS_REGION")
    session = boto3.Session(region_name=region, profile_name=profile)
    return session, stack_outputs.read(session, env_name, stack)


@contextmanager
def told(*failures: type[Exception], env_name: str) -> Iterator[None]:
    """Turns exceptions of AWS and the disk, and `failures`, into click's exceptions with a one-line message.

    `env_name` is the command's environment.
    """
    plain: tuple[type[Exception], ...] = (
        stack_outputs.NotDeployedError,
        settings_file.UnreadableSettingsError,
        BotoCoreError,
        ClientError,
        *failures,
    )
    try:
        yield
    except NoRegionError:
        raise click.ClickException(local_stack.missing_variables(env_name) or _NO_REGION) from None
    except NoCredentialsError:
        raise click.ClickException(local_stack.missing_variables(env_name) or _NO_CREDENTIALS) from None
    except plain as error:
        raise click.ClickException(str(error)) from None
    except ValueError as error:  # botocore's, for an AWS_ENDPOINT_URL that is not a URL
        if "endpoint" not in str(error):
            raise
        raise click.ClickException(f"{error}: correct or unset AWS_ENDPOINT_URL.") from None
    except sqlite3.Error as error:
        raise click.ClickException(
            f"A temporary file or the record could not be used: {error}. "
            "Set SQLITE_TMPDIR to use another folder for temporary files."
        ) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader of our output has ended; click handles it
            raise
        raise click.ClickException(_of_disk(error)) from None


def _of_disk(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."
