"""`python -m gateway_cli clients create NAME --env dev` and the like."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from gateway_cli import bedrock_key, clients, proof, stack_outputs


def _deployed(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that find an environment, and its session and outputs."""

    @click.option("--env", "env_name", required=True, help="The environment, as given to cdk deploy.")
    @click.option("--region", help="Default: the profile's.")
    @click.option("--profile", help="Default: AWS's usual rules.")
    @wraps(command)
    def run(*, env_name: str, region: str | None, profile: str | None, **arguments: Any) -> None:
        try:
            # boto3 itself knows AWS_DEFAULT_REGION only.
            region = region or os.environ.get("AWS_REGION")
            session = boto3.Session(region_name=region, profile_name=profile)
            command(session, stack_outputs.read(session, env_name), **arguments)
        except NoRegionError:
            raise click.ClickException("No region: give --region, or set AWS_REGION.") from None
        except (
            stack_outputs.NotDeployedError,
            stack_outputs.NoBedrockApiKeyError,
            clients.InvalidClientIdError,
            bedrock_key.InvalidKeyError,
            BotoCoreError,
            ClientError,
        ) as error:
            raise click.ClickException(str(error)) from None

    return run


@click.group()
def cli() -> None:
    """Operates a deployed Bedrock Chat Gateway."""


@cli.group("clients")
def clients_group() -> None:
    """Who may call the gateway."""


@clients_group.command("create")
@click.argument("client_id")
@_deployed
def create_client(session: boto3.Session, outputs: stack_outputs.StackOutputs, client_id: str) -> None:
    """Creates a client and prints its key, once: only a hash is kept."""
    click.echo(clients.create(session, outputs.clients_table, client_id))


@cli.group("bedrock-key")
def bedrock_key_group() -> None:
    """The key that the gateway calls Bedrock with."""


@bedrock_key_group.command("put")
@_deployed
def put_bedrock_key(session: boto3.Session, outputs: stack_outputs.StackOutputs) -> None:
    """Stores the key, asked for without echo or read from standard input."""
    secret_arn = outputs.bedrock_api_key_secret()
    key = click.prompt("Bedrock API key", hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    bedrock_key.put(session, secret_arn, key)
    click.echo("Stored.")


@cli.command("prove")
@click.option(
    "--canary", default=proof.CANARY_WORD, show_default=True, help="A word that the guardrail must block."
)
@click.option("--model", default=proof.MODEL, show_default=True)
@click.option("--base-url", help="Where callers reach it, if not where the stack says. Ends in /openai/v1.")
@_deployed
def prove(
    session: boto3.Session, outputs: stack_outputs.StackOutputs, canary: str, model: str, base_url: str | None
) -> None:
    """Proves that the guardrail blocks: a canary and a harmless prompt, in one piece, streamed and as jobs."""
    tried = []
    for probe in proof.prove(session, outputs, canary=canary, model=model, base_url=base_url):
        click.echo(probe)
        tried.append(probe)
    if any(probe.says for probe in tried):
        raise click.ClickException("The guardrail does not hold.")


@cli.command("show")
@_deployed
def show(session: boto3.Session, outputs: stack_outputs.StackOutputs) -> None:  # noqa: ARG001
    """Prints where the environment is."""
    for name in outputs.__slots__:
        if getattr(outputs, name) is not None:
            click.echo(f"{name}: {getattr(outputs, name)}")


if __name__ == "__main__":
    cli()
