"""The function reads the settings that the stack writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws.settings import AwsSettings
from chat_gateway.bedrock.settings import ApiKeySettings
from chat_gateway.client_policies.settings import ClientsSettings, UsageSettings
from chat_gateway.guardrail.settings import IDENTIFIER, TRACES, VERSION, Guardrail, Tagging
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.service.settings import MetricsSettings, UpstreamSettings

TEXTS = st.text(min_size=1)
POSITIVE = st.integers(1, 10**9) | st.floats(min_value=0, exclude_min=True, allow_infinity=False)
COUNTS = st.integers(1, 9_999_999_999)
MODELS = st.lists(st.from_regex(r"[a-z0-9.:/-]+", fullmatch=True)).map(tuple)
API_KEYS = st.builds(ApiKeySettings, secret_arn=TEXTS, max_age_s=POSITIVE)
GUARDRAILS = st.builds(
    Guardrail,
    identifier=st.from_regex(IDENTIFIER, fullmatch=True),
    version=st.from_regex(VERSION, fullmatch=True),
    trace=st.none() | st.sampled_from(TRACES),
    callers_may_override=st.booleans(),
    tagging=st.sampled_from(Tagging),
)
UPSTREAM = st.builds(
    UpstreamSettings,
    base_url=st.from_regex(r"https?://[a-z0-9.]+(:[0-9]{1,4})?(/[a-z0-9]+)*", fullmatch=True),
    api_key=st.none() | API_KEYS,
    connect_timeout_s=POSITIVE,
    first_byte_timeout_s=POSITIVE,
    between_bytes_timeout_s=POSITIVE,
    total_timeout_s=POSITIVE,
    max_request_bytes=COUNTS,
    max_response_bytes=COUNTS,
    guardrail=st.none() | GUARDRAILS,
    separate_reasoning=st.booleans(),
    models=MODELS,
    routes=MODELS,
    model_names=st.none() | TEXTS,
    names_only=st.booleans(),
    regions=st.none() | TEXTS,
    role_arn=st.none() | TEXTS,
    role_external_id=st.none() | TEXTS,
)
WORKER = st.builds(
    WorkerSettings,
    jobs_queue_url=TEXTS,
    results_queue_url=TEXTS,
    dead_letter_queue_url=TEXTS,
    results_bucket=TEXTS,
    records_table=TEXTS,
    record_kept_s=COUNTS,
    width=COUNTS,
    least_time_s=POSITIVE,
    ending_s=POSITIVE,
    max_attempts=COUNTS,
    max_receives=COUNTS,
    give_up_after_s=COUNTS,
    retry_delay_s=COUNTS,
    max_retry_delay_s=COUNTS,
    record_usage=st.booleans(),
    senders=MODELS,
    default_client=st.none() | TEXTS,
)
HTTP = st.builds(
    HttpSettings, stream_timeout_s=POSITIVE, count_stream_tokens=st.booleans(), record_usage=st.booleans()
)
USAGE = st.builds(
    UsageSettings,
    usage_table=TEXTS,
    usage_kept_days=COUNTS,
    when_counters_fail=st.sampled_from(["refuse", "allow"]),
    guardrail_nano_usd_per_text_unit=st.none() | st.just(0) | COUNTS,
    model_prices=st.none() | TEXTS,
)
METRICS = st.builds(MetricsSettings, environment=st.none() | TEXTS)
AUTHORIZER = st.builds(ClientsSettings, clients_table=TEXTS)
AWS = st.builds(AwsSettings, region=TEXTS, dns_suffix=TEXTS, endpoint_url=st.none() | TEXTS)

Settings = (
    UpstreamSettings
    | WorkerSettings
    | HttpSettings
    | ClientsSettings
    | UsageSettings
    | MetricsSettings
    | ApiKeySettings
    | Guardrail
)


@given(st.one_of(UPSTREAM, WORKER, HTTP, METRICS, AUTHORIZER, USAGE, API_KEYS, GUARDRAILS))
def test_settings_are_read_as_they_were_written(settings: Settings) -> None:
    """Every settings class reads what it has written."""
    assert type(settings).from_env(settings.to_env()) == settings


@given(AWS)
def test_aws_settings_are_read_beside_lambdas_own(settings: AwsSettings) -> None:
    """The stack writes the DNS suffix; Lambda or the emulator writes the other variables."""
    of_lambda = {"AWS_REGION": settings.region, "AWS_ENDPOINT_URL": settings.endpoint_url or ""}
    assert AwsSettings.from_env({**of_lambda, **settings.to_env()}) == settings


@pytest.mark.parametrize(("seconds", "text"), [(280, "280"), (2.5, "2.5")])
def test_whole_seconds_are_written_without_a_point(seconds: float, text: str) -> None:
    """Whole numbers are written without a decimal point, so that a template's text does not change."""
    settings = HttpSettings(stream_timeout_s=seconds, count_stream_tokens=True, record_usage=False)
    assert settings.to_env()["STREAM_TIMEOUT_S"] == text


def test_what_is_not_given_is_not_written() -> None:
    """Without models, a guardrail or a key there is no variable for them."""
    settings = UpstreamSettings("https://host", None, 1, 1, 1, 1, 1, 1, None, separate_reasoning=False)
    written = settings.to_env()
    assert written["UPSTREAM_AUTH"] == "sigv4"
    assert not [name for name in written if "MODELS" in name or "GUARDRAIL" in name or "KEY" in name]
