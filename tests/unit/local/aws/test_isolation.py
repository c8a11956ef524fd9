"""Nothing of the local stack can reach a real AWS account."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.aws import environment, sessions

_ENDPOINT = "http://127.0.0.1:4566"
_DEVELOPERS_OWN = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_SQS": "https://sqs.eu-west-1.amazonaws.com",
    "AWS_REGION": "eu-west-1",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_BEARER_TOKEN_BEDROCK": "real",
    "CDK_DEFAULT_ACCOUNT": "123456789012",
    "PATH": "/usr/bin",
    "HTTPS_PROXY": "http://proxy:8080",
    "no_proxy": "internal",
    "PYTHONPATH": "/src",
}


def test_tools_get_none_of_the_developers_aws_settings() -> None:
    """Tools get no AWS settings of the developer, but the proxies and what installations need."""
    env = environment.for_tools(_ENDPOINT, _DEVELOPERS_OWN)
    assert {name for name in env if name.startswith(("AWS_", "CDK_"))} == set(environment.aws(_ENDPOINT))
    assert env["AWS_REGION"] == "us-east-1"
    assert env["AWS_CONFIG_FILE"] == os.devnull
    assert env["HTTPS_PROXY"] == "http://proxy:8080"
    assert env["NO_PROXY"] == env["no_proxy"] == "internal,127.0.0.1,localhost"
    assert env["PATH"].endswith(":/usr/bin")
    assert "PYTHONPATH" not in env


def test_the_emulator_gets_basics_only() -> None:
    """The emulator gets only basic variables, because functions inherit its environment."""
    env = environment.for_emulator({**_DEVELOPERS_OWN, "DOCKER_HOST": "tcp://docker", "LANG": "C.UTF-8"})
    assert env == {"PATH": "/usr/bin", "LANG": "C.UTF-8"}


@pytest.mark.parametrize("service", ["sqs", "s3", "bedrock", "secretsmanager", "logs"])
def test_sessions_reach_the_emulator_only(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither profiles nor variables change the endpoint of a session."""
    config = tmp_path / "config"
    config.write_text("[profile production]\nregion = eu-west-1\nendpoint_url = https://example.com\n")
    for name, value in {**_DEVELOPERS_OWN, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    session = sessions.session(_ENDPOINT)
    client = session.client(service)  # type: ignore[call-overload]
    credentials = session.get_credentials()
    assert client.meta.endpoint_url == _ENDPOINT
    assert client.meta.region_name == "us-east-1"
    assert credentials is not None
    assert (credentials.access_key, credentials.token) == ("test", None)
