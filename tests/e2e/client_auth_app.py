"""A CDK app with two more gateways for the emulator: the callers of one sign their requests, those of the other send JWTs."""

from __future__ import annotations

import json
import os
from typing import Any

import aws_cdk as cdk

from infra import emulator
from infra.gateway_stack import GatewayStack
from infra.settings import files
from infra.settings.environment import Environment

# JSON: upstream_url, aws_endpoint_url, guardrail (a table of settings) and jwt (another one).
VARIABLE = "CLIENT_AUTH_APP"
PREFIXES = {"iam": "signed-gateway", "jwt": "token-gateway"}


def environment(given: dict[str, Any], client_auth: str, **settings: Any) -> Environment:
    """The environment `local` with another name prefix and this `client_auth`."""
    document = {
        **files.read(emulator.NAME),
        **settings,
        "name_prefix": PREFIXES[client_auth],
        "client_auth": client_auth,
        "guardrail": given["guardrail"],
    }
    return files.checked(
        emulator.NAME,
        emulator.completed(document, upstream_url=given["upstream_url"]),
        platform=emulator.platform(given["aws_endpoint_url"]),
    )


def main() -> None:
    """Synthesises both stacks."""
    given = json.loads(os.environ[VARIABLE])
    app = cdk.App()
    for one in (environment(given, "iam"), environment(given, "jwt", jwt=given["jwt"])):
        env = cdk.Environment(
            account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
        )
        GatewayStack(app, one.stack_name, environment=one, env=env)
    app.synth()


if __name__ == "__main__":
    main()
