"""A bad setting is an error that names it."""

from __future__ import annotations

import os

import pytest

from chat_gateway.aws.settings import AwsSettings
from chat_gateway.bedrock.settings import ApiKeySettings
from chat_gateway.client_policies.settings import ClientsSettings, UsageSettings
from chat_gateway.core.errors import ConfigurationError
from chat_gateway.guardrail.settings import Guardrail, Tagging
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.service.settings import UpstreamSettings
from tests.unit.chat_gateway.upstream_settings import UPSTREAM


def test_a_complete_environment_is_read() -> None:
    settings = UpstreamSettings.from_env(UPSTREAM)
    assert settings.total_timeout_s == 26.0
    assert settings.guardrail is None
    assert settings.api_key == ApiKeySettings(
        secret_arn="arn:aws:secretsmanager:us-east-1:000000000000:secret:key", max_age_s=300.0
    )


def test_where_the_role_signs_no_secret_is_asked_for() -> None:
    without_secret = {key: value for key, value in UPSTREAM.items() if "SECRET" not in key}
    settings = UpstreamSettings.from_env({**without_secret, "UPSTREAM_AUTH": "sigv4"})
    assert settings.api_key is None
    assert settings.api_key_secret_arn is None


@pytest.mark.parametrize("name", UPSTREAM)
@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_variable_is_named(name: str, empty: bool) -> None:
    env = {key: value for key, value in UPSTREAM.items() if key != name} | ({name: ""} if empty else {})
    with pytest.raises(ConfigurationError, match=f"{name} is missing and has no default"):
        UpstreamSettings.from_env(env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEDROCK_BASE_URL", "bedrock-runtime.us-east-1.amazonaws.com"),
        ("BEDROCK_BASE_URL", "https://host/openai/v1/"),
        ("UPSTREAM_TOTAL_TIMEOUT_S", "soon"),
        ("UPSTREAM_TOTAL_TIMEOUT_S", "0"),
        ("UPSTREAM_TOTAL_TIMEOUT_S", "inf"),
        ("UPSTREAM_TOTAL_TIMEOUT_S", "nan"),
        ("MAX_REQUEST_BYTES", "-1"),
        ("UPSTREAM_AUTH", "SIGV4"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        UpstreamSettings.from_env({**UPSTREAM, name: value})


GUARDRAIL = {
    "GUARDRAIL_IDENTIFIER": "gr-1",
    "GUARDRAIL_VERSION": "DRAFT",
    "GUARDRAIL_OVERRIDE": "denied",
    "GUARDRAIL_TAGGING": "off",
}


def test_a_guardrail_is_read_whole() -> None:
    traced = UpstreamSettings.from_env({**UPSTREAM, **GUARDRAIL, "GUARDRAIL_TRACE": "ENABLED"})
    assert traced.guardrail == Guardrail(identifier="gr-1", version="DRAFT", trace="ENABLED")
    open_to_callers = {**GUARDRAIL, "GUARDRAIL_OVERRIDE": "allowed", "GUARDRAIL_TAGGING": "all_text"}
    assert UpstreamSettings.from_env({**UPSTREAM, **open_to_callers}).guardrail == Guardrail(
        identifier="gr-1", version="DRAFT", callers_may_override=True, tagging=Tagging.ALL_TEXT
    )


@pytest.mark.parametrize(
    "env",
    [
        *({key: value for key, value in GUARDRAIL.items() if key != missing} for missing in GUARDRAIL),
        {**GUARDRAIL, "GUARDRAIL_IDENTIFIER": ""},
        {"GUARDRAIL_VERSION": "1"},
        {"GUARDRAIL_TRACE": "ENABLED"},
        {**GUARDRAIL, "GUARDRAIL_IDENTIFIER": "a b"},
        {**GUARDRAIL, "GUARDRAIL_VERSION": "0"},
        {**GUARDRAIL, "GUARDRAIL_VERSION": "draft"},
        {**GUARDRAIL, "GUARDRAIL_TRACE": "on"},
        {**GUARDRAIL, "GUARDRAIL_OVERRIDE": "true"},
        {**GUARDRAIL, "GUARDRAIL_TAGGING": "ALL_TEXT"},
    ],
)
def test_half_a_guardrail_is_an_error_never_no_guardrail(env: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="GUARDRAIL_"):
        UpstreamSettings.from_env({**UPSTREAM, **env})


@pytest.mark.parametrize("settings", [AwsSettings, WorkerSettings, ClientsSettings, UsageSettings])
def test_every_function_says_which_variable_it_misses(
    settings: type[AwsSettings | WorkerSettings | ClientsSettings | UsageSettings],
) -> None:
    with pytest.raises(ConfigurationError, match="is missing"):
        settings.from_env({})


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1e3", "ten", "٣", "12345678901"])
def test_a_count_is_a_positive_whole_number(function_env: None, value: str) -> None:
    with pytest.raises(ConfigurationError, match="WORKER_WIDTH"):
        WorkerSettings.from_env({**os.environ, "WORKER_WIDTH": value})
