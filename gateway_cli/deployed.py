"""Gives a command a deployed environment, and turns what goes wrong with AWS or the disk into one clear line."""

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

from gateway_cli import stack_name, stack_outputs, termination
from gateway_cli.stack_outputs import StackOutputs

_NO_REGION = "No region: give --region, or set AWS_REGION."
_NO_CREDENTIALS = "No AWS credentials: give --profile, or set AWS_PROFILE, or log in as for any AWS tool."


def deployed(*failures: type[Exception]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options that find an environment; the command is called with its session and its outputs.

    `failures` are the command's own exceptions whose message is all that the user needs.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @options
        @wraps(command)
        def run(
            *, env_name: str, region: str | None, profile: str | None, stack: str | None, **arguments: Any
        ) -> None:
            with told(*failures), termination.as_keyboard_interrupt():
                command(*found(env_name, region, profile, stack), **arguments)

        return run

    return decorate


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that find an environment: `env_name`, `region`, `profile` and `stack`."""
    for option in (
        click.option("--stack", help="The stack's name. Default: by the environment and its settings file."),
        click.option("--profile", help="Default: AWS's usual rules."),
        click.option("--region", help="Default: the profile's."),
        click.option("--env", "env_name", required=True, help="The environment, as given to `make deploy`."),
    ):
        command = option(command)
    return command


def found(
    env_name: str, region: str | None, profile: str | None, stack: str | None
) -> tuple[boto3.Session, StackOutputs]:
    """A session, and the outputs of the environment's stack. Raises NotDeployedError, and what boto3 raises."""
    # boto3 itself knows AWS_DEFAULT_REGION only.
    region = region or os.environ.get("AWS_REGION")
    session = boto3.Session(region_name=region, profile_name=profile)
    return session, stack_outputs.read(session, env_name, stack)


@contextmanager
def told(*failures: type[Exception]) -> Iterator[None]:
    """Turns AWS's exceptions, the disk's and `failures` into click's, whose message is one line."""
    plain: tuple[type[Exception], ...] = (
        stack_outputs.NotDeployedError,
        stack_name.UnreadableSettingsError,
        BotoCoreError,
        ClientError,
        *failures,
    )
    try:
        yield
    except NoRegionError:
        raise click.ClickException(_NO_REGION) from None
    except NoCredentialsError:
        raise click.ClickException(_NO_CREDENTIALS) from None
    except plain as error:
        raise click.ClickException(str(error)) from None
    except ValueError as error:  # botocore's, of an AWS_ENDPOINT_URL that is none
        if "endpoint" not in str(error):
            raise
        raise click.ClickException(f"{error}: see AWS_ENDPOINT_URL.") from None
    except sqlite3.Error as error:
        raise click.ClickException(
            f"A temporary file, or the record, could not be used: {error}. "
            "SQLITE_TMPDIR says where temporary files go."
        ) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read our output has left; click knows
            raise
        raise click.ClickException(_of_disk(error)) from None


def _of_disk(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."
