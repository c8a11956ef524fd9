"""Deploys the CDK app to the emulator, in the same way as to AWS."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager

from local.aws import environment
from local.aws.guardrail import Guardrail
from local.machine import paths, processes
from local.machine.paths import StateFolder
from local.machine.processes import Process

ENVIRONMENT_NAME = "local"

_BOOTSTRAP_WITHIN_S = 120
# The first synthesis may install the functions' dependencies.
_SYNTH_WITHIN_S = 300
_DEPLOY_WITHIN_S = 180
# The emulator uses this tag as the REST API's id, so that the base URL is the same in each run.
_API_ID_TAG = "ms-custom-id=gateway"
_PLAIN = ("--no-notices", "--no-color")


def prepare(
    state: StateFolder,
    *,
    endpoint_url: str,
    upstream_url: str,
    guardrail: Guardrail,
    proves: bool = False,
    app: str | None = None,
) -> None:
    """Bootstraps the emulator's account and synthesises the app at the same time. Raises CommandFailedError.

    With `proves`, the deployment runs the proof of the guardrail, which needs the Bedrock API key. `app` is the command of
    another app than that of cdk.json.
    """
    shutil.rmtree(state.cdk_out, ignore_errors=True)
    state.log("cdk").unlink(missing_ok=True)
    state.log("cdk-bootstrap").unlink(missing_ok=True)
    context = {
        "env": ENVIRONMENT_NAME,
        "guardrail": str(guardrail),
        "upstream_url": upstream_url,
        "aws_endpoint_url": endpoint_url,
        "prove_on_deploy": str(proves).lower(),
    }
    settings = [part for name, value in context.items() for part in ("-c", f"{name}={value}")]
    settings += [] if app is None else ["--app", app]
    with (
        _bootstrapping(state, endpoint_url) as bootstrap,
        _cdk(state, endpoint_url, "synth", "--quiet", *settings, "--output", str(state.cdk_out)) as synth,
    ):
        processes.finish(synth, within_s=_SYNTH_WITHIN_S)
        processes.finish(bootstrap, within_s=_BOOTSTRAP_WITHIN_S)


def deploy(state: StateFolder, *, endpoint_url: str) -> None:
    """Deploys the app that `prepare` synthesised. Raises CommandFailedError."""
    options = (
        *("--app", str(state.cdk_out), "--require-approval", "never"),
        *("--method", "direct", "--tags", _API_ID_TAG),
    )
    with _cdk(state, endpoint_url, "deploy", *options) as process:
        processes.finish(process, within_s=_DEPLOY_WITHIN_S)


def _bootstrapping(state: StateFolder, endpoint_url: str) -> AbstractContextManager[Process]:
    account = f"aws://{environment.ACCOUNT}/{environment.REGION}"
    return processes.running(
        "cdk bootstrap",
        [paths.CDK, "bootstrap", account, *_PLAIN],
        log_file=state.log("cdk-bootstrap"),
        env=_environment(state, endpoint_url),
        cwd=state.path,  # in a folder with a cdk.json, bootstrap would synthesise the app
    )


def _cdk(
    state: StateFolder, endpoint_url: str, command: str, *arguments: str
) -> AbstractContextManager[Process]:
    return processes.running(
        f"cdk {command}",
        [paths.CDK, command, *arguments, *_PLAIN],
        log_file=state.log("cdk"),
        env=_environment(state, endpoint_url),
        cwd=paths.ROOT,
    )


def _environment(state: StateFolder, endpoint_url: str) -> dict[str, str]:
    """The variables for the CDK command line. They turn off its telemetry, its version check and Node's warnings."""
    return {
        **environment.for_tools(endpoint_url),
        "CDK_HOME": str(state.cdk_home),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "NODE_NO_WARNINGS": "1",
    }
