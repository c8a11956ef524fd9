"""The commands: `clients`, `usage`, `files`, `bedrock-key`, `prove`, `doctor`, `trace`, `env`, `show`, `log-role` and `jobs`."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import closing

import boto3
import click

from gateway_cli import bedrock_key, key_rotation, proof, stack_outputs
from gateway_cli.clients.commands import clients
from gateway_cli.deployed import deployed
from gateway_cli.doctor.commands import doctor
from gateway_cli.env_command import env
from gateway_cli.files.commands import files
from gateway_cli.jobs.commands import jobs
from gateway_cli.log_role import log_role
from gateway_cli.trace.commands import trace
from gateway_cli.usage.commands import usage


@click.group()
def cli() -> None:
    """Manages a deployed Bedrock Chat Gateway."""


@cli.group("bedrock-key")
def bedrock_key_group() -> None:
    """Manages the gateway's Bedrock API key."""


@bedrock_key_group.command("put")
@deployed(bedrock_key.InvalidKeyError, stack_outputs.NoBedrockApiKeyError)
def put_bedrock_key(session: boto3.Session, outputs: stack_outputs.StackOutputs) -> None:
    """Stores the Bedrock API key. The key comes from a hidden prompt, or from standard input."""
    secret_arn = outputs.bedrock_api_key_secret()
    key = (
        click.prompt("Bedrock API key", hide_input=True)
        if sys.stdin.isatty()
        else sys.stdin.read(bedrock_key.MAX_INPUT_CHARACTERS)
    )
    bedrock_key.put(session, secret_arn, key, other_regions=outputs.bedrock_regions)
    key_rotation.end_earlier(session, outputs)
    click.echo("The Bedrock API key is stored.")


@bedrock_key_group.command("rotate")
@click.option(
    "--revoke-old",
    is_flag=True,
    help="Then delete the IAM user's other keys at once. For a key that has leaked.",
)
@deployed(
    key_rotation.NoRotationError,
    key_rotation.UnfinishedRotationError,
    key_rotation.UnknownCredentialError,
    stack_outputs.NoBedrockApiKeyError,
)
def rotate_bedrock_key(session: boto3.Session, outputs: stack_outputs.StackOutputs, revoke_old: bool) -> None:
    """Replaces the Bedrock API key now. The environment must set upstream.key_rotation."""
    key_rotation.rotate(session, outputs)
    click.echo("The Bedrock API key is replaced.")
    if revoke_old:
        deleted = key_rotation.revoke_old(session, outputs)
        click.echo(f"Deleted: {', '.join(deleted)}." if deleted else "The IAM user has no other key.")


def _url(_context: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    if url is not None and not re.fullmatch(r"https?://[^\s/?#]+/[^\s?#]*", url):
        raise click.BadParameter("a base URL starts with http:// or https:// and ends in /openai/v1.")
    return url


@cli.command("prove")
@click.option(
    "--canary", default=proof.CANARY_WORD, show_default=True, help="A word that the guardrail must block."
)
@click.option(
    "--model", help="The model or model name for the test prompts. Default: proof.model of the settings."
)
@click.option(
    "--base-url",
    callback=_url,
    help="The base URL that callers use, if it differs from the stack's. Ends in /openai/v1.",
)
@click.option("--attack", help="A prompt that the guardrail's prompt-attack filter must block.")
@click.option(
    "--converse-model",
    help="A model of Bedrock's Converse, to try that route, too. Default: proof.converse_model of the settings.",
)
@deployed(
    proof.UnreadablePlanError, proof.NoTokenError, proof.NoCredentialsToSignError, proof.NoPrincipalError
)
def prove(
    session: boto3.Session,
    outputs: stack_outputs.StackOutputs,
    canary: str,
    model: str | None,
    base_url: str | None,
    attack: str | None,
    converse_model: str | None,
) -> None:
    """Proves that the guardrail blocks a canary word but not a harmless prompt, in whole answers, streams and jobs.

    The proof also tries the model names of the environment, and the guardrails of its other regions. If the environment's
    callers send JWTs, set CLIENT_TOKEN to a token of a client.
    """
    tried = []
    probes = proof.prove(
        session,
        outputs,
        canary=canary,
        model=model,
        base_url=base_url,
        attack=attack,
        converse_model=converse_model,
        token=os.environ.get("CLIENT_TOKEN"),
    )
    with closing(probes):
        for probe in probes:
            click.echo(probe)
            tried.append(probe)
    failed = [probe for probe in tried if probe.says]
    if failed and all(probe.is_error for probe in failed):
        raise click.ClickException(
            "The proof is incomplete: errors prevented some tests. Resolve the errors above and run the proof again."
        )
    if failed:
        raise click.ClickException("The guardrail does not block as it must. See the lines with FAIL above.")


@cli.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@deployed()
def show(session: boto3.Session, outputs: stack_outputs.StackOutputs, as_json: bool) -> None:  # noqa: ARG001
    """Prints the outputs of the environment's stack."""
    if as_json:
        click.echo(json.dumps(outputs.by_name))
    else:
        for name, value in outputs.by_name.items():
            click.echo(f"{name}: {value}")


cli.add_command(clients)
cli.add_command(doctor)
cli.add_command(env)
cli.add_command(files)
cli.add_command(jobs)
cli.add_command(log_role)
cli.add_command(trace)
cli.add_command(usage)
