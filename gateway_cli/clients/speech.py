"""What the commands that change a client ask before, and say after it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway_cli.clients import authorizer_cache
from gateway_cli.clients.errors import NotConfirmedError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs

JOBS_FOLLOW = "Jobs: the change takes effect within 60 s."
JOBS_NEED_NO_KEY = "Jobs need no key. To stop the client's jobs, use `clients suspend`."


def count_of_keys(count: int) -> str:
    """The number of keys, in words."""
    return "1 key" if count == 1 else f"{count or 'no'} keys"


def count_of_files(count: int) -> str:
    """The number of files, in words."""
    return "1 file" if count == 1 else f"{count} files"


def resources(*, files: int, uploads: int, batches: int) -> str:
    """How many files, unfinished uploads and batches a client has, in words; empty if it has none."""
    counts = {"file": files, "unfinished upload": uploads, "batch": batches}
    plurals = {"batch": "batches"}
    return ", ".join(
        f"{count} {name if count == 1 else plurals.get(name, f'{name}s')}"
        for name, count in counts.items()
        if count
    )


def confirm(question: str, *, yes: bool) -> None:
    """Asks, unless `yes`. Raises NotConfirmedError without a terminal, and click's Abort."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotConfirmedError
    click.confirm(question, abort=True, err=True)


def let_in(client_auth: str, client_id: str, role: str | None) -> None:
    """Says whether callers of the new client's kind are let in."""
    if client_auth == "jwt":
        click.echo(f"Tokens whose claim is {client_id} are let in.", err=True)
    if role is not None and client_auth != "iam":
        click.echo(f'{role} is let in once the environment has client_auth = "iam".', err=True)


def take_effect(
    session: boto3.Session, outputs: StackOutputs, *, flushes: bool | None, keeps: str, of_jobs: str
) -> None:
    """Flushes API Gateway's cache, or says what API Gateway `keeps` doing; then what holds of jobs.

    `flushes` is None for a command that cannot. Raises NotFlushedError.
    """
    if outputs.client_auth == "iam":
        unchanged = " --now does not change that." if flushes else ""
        click.echo(
            f"The functions keep what they know of a role for {authorizer_cache.LASTS}.{unchanged}", err=True
        )
        click.echo(of_jobs, err=True)
        return
    if flushes:
        click.echo(of_jobs, err=True)
        authorizer_cache.flush(session, outputs)
        click.echo("API Gateway's cache is flushed.", err=True)
        return
    until = "" if flushes is None else ", or until you use --now"
    click.echo(f"API Gateway may {keeps} for {authorizer_cache.LASTS}{until}.", err=True)
    click.echo(of_jobs, err=True)
