"""An environment that is unknown or contradicts itself is refused, and the choices are named."""

from __future__ import annotations

from typing import Any, cast

import pytest
from aws_cdk.aws_bedrock import CfnGuardrail

from chat_gateway.guardrail.settings import Tagging
from infra import environments
from infra.environment_settings import AuthMethod, Environment, InvalidEnvironmentError, Timeouts
from infra.guardrail_settings import ExistingGuardrail, OwnGuardrail, default_policy
from infra.job_settings import Jobs
from infra.platform import Platform
from infra.proof_settings import Proof

MANTLE = "https://bedrock-mantle.us-east-1.api.aws/openai/v1"


@pytest.mark.parametrize("name", [None, "", "production"])
def test_an_unknown_name_lists_the_known_ones(name: str | None) -> None:
    with pytest.raises(InvalidEnvironmentError, match="dev, staging, prod, local"):
        environments.named(name)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"timeouts": Timeouts(api_s=901)}, "timeouts.api_s"),
        ({"timeouts": Timeouts(api_s=30), "platform": Platform(max_answer_s=29)}, "timeouts.api_s"),
        ({"timeouts": Timeouts(job_s=900)}, "timeouts.job_s"),
        ({"timeouts": Timeouts(api_s=29, connect_s=26)}, "timeouts.connect_s"),
        ({"jobs": Jobs(requests_per_minute=0)}, "jobs.requests_per_minute"),
        ({"jobs": Jobs(expected_answer_s=0)}, "jobs.expected_answer_s"),
        ({"jobs": Jobs(expected_answer_s=151)}, "jobs.expected_answer_s must be at most half"),
        ({"jobs": Jobs(max_width=301)}, "jobs.max_width"),
        ({"jobs": Jobs(max_batch_size=0)}, "jobs.max_batch_size"),
        ({"jobs": Jobs(max_window_s=301)}, "jobs.max_window_s"),
        ({"jobs": Jobs(max_attempts=0)}, "jobs.max_attempts"),
        ({"jobs": Jobs(max_retry_delay_s=43_200)}, "jobs.retry_delay_s"),
        ({"jobs": Jobs(memory_mib=64)}, "jobs.memory_mib"),
        ({"jobs": Jobs(retry_delay_s=20, max_retry_delay_s=10)}, "jobs.retry_delay_s"),
        ({"guardrail": ExistingGuardrail(identifier="a b", version="1")}, "guardrail.identifier"),
        ({"guardrail": ExistingGuardrail(identifier="a", version="0")}, "guardrail.version"),
        ({"guardrail": ExistingGuardrail(identifier="a", version="1", trace="on")}, "guardrail.trace"),
        ({"guardrail": OwnGuardrail(trace="on")}, "guardrail.trace"),
        ({"guardrail": OwnGuardrail(tagging=cast(Any, "some"))}, "guardrail.tagging"),
        ({"guardrail": OwnGuardrail(override=cast(Any, "maybe"))}, "guardrail.override"),
        ({"upstream_url": MANTLE}, "upstream_may_ignore_guardrail"),
        (
            {"upstream_url": MANTLE.replace("bedrock-mantle", "BEDROCK-Mantle")},
            "upstream_may_ignore_guardrail",
        ),
        (
            {
                "upstream_url": MANTLE,
                "upstream_may_ignore_guardrail": True,
                "upstream_auth": AuthMethod.SIGV4,
            },
            "upstream_auth",
        ),
        ({"guardrail": OwnGuardrail(policy={})}, "blocked_input_messaging"),
        ({"guardrail": OwnGuardrail(policy={"name": "mine"})}, "leave the name"),
        ({"guardrail": None}, "callers_may_go_unguarded"),
        ({"upstream_url": "http://127.0.0.1/v1"}, "upstream_url"),
        ({"upstream_url": "https://host/v1/"}, "upstream_url"),
        ({"upstream_url": "ftp://host", "platform": Platform(allows_plain_http=True)}, "upstream_url"),
        (
            {"prove_on_deploy": Proof(), "guardrail": None, "callers_may_go_unguarded": True},
            "prove_on_deploy needs a guardrail",
        ),
        ({"prove_on_deploy": Proof(canary="")}, "prove_on_deploy.canary"),
        ({"prove_on_deploy": Proof(canary="two\nlines")}, "prove_on_deploy.canary"),
        ({"prove_on_deploy": Proof(model="")}, "prove_on_deploy.model"),
        ({"upstream_auth": "iam"}, "upstream_auth is 'iam'; choose api_key or sigv4"),
        ({"upstream_models": "openai.gpt-oss-20b-1:0"}, "upstream_models must be a tuple"),
        ({"upstream_models": ("openai.*",)}, "upstream_models has 'openai.\\*'"),
        ({"upstream_models": ("gpt",)}, "upstream_models has 'gpt'"),
        ({"upstream_models": ("arn:aws:s3:::bucket",)}, "upstream_models has 'arn:aws:s3"),
        ({"upstream_models": ("xai.grok", "xai.grok")}, "upstream_models names something twice"),
        ({"upstream_models": tuple(f"xai.grok-{n}" for n in range(300))}, "more than 2500 characters"),
        ({"max_request_bytes": 5_000_000}, "max_request_bytes"),
        ({"authorizer_cache_s": 3601}, "authorizer_cache_s"),
        ({"secret_max_age_s": 0}, "secret_max_age_s"),
        ({"requests_per_second": 10, "burst_requests": 5}, "burst_requests"),
        ({"memory_mib": 64}, "memory_mib"),
        ({"data": "bogus"}, "data is 'bogus'"),
        ({"guardrail": "abc:1"}, "guardrail is 'abc:1'"),
        ({"prove_on_deploy": True}, "prove_on_deploy is True"),
        ({"region": ""}, "region"),
        ({"reserved_concurrency": 0}, "reserved_concurrency"),
    ],
)
def test_a_contradictory_setting_is_named(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=says) as caught:
        Environment(name="mine", **settings)
    assert "'mine'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "identifier", "version"),
    [
        ("abc123:1", "abc123", "1"),
        ("gr-f371:DRAFT", "gr-f371", "DRAFT"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123:7",
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123",
            "7",
        ),
    ],
)
def test_a_guardrail_is_named_by_identifier_and_version(text: str, identifier: str, version: str) -> None:
    guardrail = environments.named("dev", guardrail=text).guardrail
    assert guardrail == ExistingGuardrail(identifier=identifier, version=version)


@pytest.mark.parametrize("text", ["", "abc123", ":1", "abc123:", "abc123:one"])
def test_half_a_guardrail_is_refused(text: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="guardrail"):
        environments.named("dev", guardrail=text)


def test_bedrock_cannot_be_replaced_in_an_environment_that_goes_to_aws() -> None:
    with pytest.raises(InvalidEnvironmentError, match="'local' only"):
        environments.named("prod", upstream_url="http://127.0.0.1:1/openai/v1")


def test_only_local_has_an_emulator() -> None:
    """A stack of AWS's tells callers no URL of an emulator's."""
    with pytest.raises(InvalidEnvironmentError, match=r"'prod': aws_endpoint_url .* for 'local' only"):
        environments.named("prod", aws_endpoint_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({}, "upstream_url is missing"),
        ({"upstream_url": "ftp://host"}, "upstream_url must be"),
        ({"upstream_url": "http://host/v1/"}, "upstream_url must be"),
        ({"upstream_url": "http://host/v1", "aws_endpoint_url": "host/"}, "aws_endpoint_url must be"),
        (
            {"upstream_url": "http://host/v1", "guardrail": "a:1", "prove_on_deploy": "true"},
            "prove_on_deploy needs aws_endpoint_url",
        ),
        (
            {
                "upstream_url": "http://host/v1",
                "aws_endpoint_url": "http://host",
                "prove_on_deploy": "true",
            },
            "prove_on_deploy needs a guardrail",
        ),
    ],
)
def test_what_local_lacks_is_named(context: dict[str, str], says: str) -> None:
    """The emulator's environment says what the command line left out or got wrong."""
    with pytest.raises(InvalidEnvironmentError, match=f"'local': {says}"):
        environments.named("local", **context)


def test_local_waits_seconds_where_others_wait_minutes() -> None:
    local = environments.named("local", upstream_url="http://127.0.0.1:1/openai/v1")
    assert local.job_visibility_s <= 120
    assert local.jobs.max_retry_delay_s <= 10


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_environment_that_goes_to_aws_makes_a_guardrail_unless_told_otherwise(name: str) -> None:
    assert isinstance(environments.named(name).guardrail, OwnGuardrail)


def test_an_endpoint_that_ignores_guardrails_has_to_be_asked_for() -> None:
    environment = Environment(name="mine", upstream_url=MANTLE, upstream_may_ignore_guardrail=True)
    assert environment.upstream_url == MANTLE


ATTACKS: dict[str, Any] = {"type": "PROMPT_ATTACK", "input_strength": "HIGH", "output_strength": "NONE"}


@pytest.mark.parametrize(
    "filters",
    [
        CfnGuardrail.ContentPolicyConfigProperty(
            filters_config=[CfnGuardrail.ContentFilterConfigProperty(**ATTACKS)]
        ),
        {"filters_config": [ATTACKS]},
        {"filtersConfig": [ATTACKS]},
    ],
)
def test_a_prompt_attack_filter_that_would_do_nothing_is_refused(filters: object) -> None:
    policy = {**default_policy(), "content_policy_config": filters}
    with pytest.raises(InvalidEnvironmentError, match=r"guardrail\.tagging"):
        Environment(name="mine", guardrail=OwnGuardrail(policy=policy))
    assert Environment(name="mine", guardrail=OwnGuardrail(policy=policy, tagging=Tagging.ALL_TEXT))


def test_going_without_a_guardrail_has_to_be_said() -> None:
    assert Environment(name="mine", guardrail=None, callers_may_go_unguarded=True).guardrail is None


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_proof_is_off_until_the_command_line_turns_it_on(name: str) -> None:
    assert environments.named(name).prove_on_deploy is None
    assert environments.named(name, prove_on_deploy="true").prove_on_deploy == Proof()
    assert environments.named(name, prove_on_deploy="false").prove_on_deploy is None


def test_the_command_line_keeps_an_environments_own_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Environment(name="mine", prove_on_deploy=Proof(canary="mine"))
    monkeypatch.setitem(environments._ENVIRONMENTS, "dev", lambda: mine)
    assert environments.named("dev", prove_on_deploy="true").prove_on_deploy == Proof(canary="mine")
    assert environments.named("dev", prove_on_deploy="false").prove_on_deploy is None


@pytest.mark.parametrize("text", ["", "yes", "True", "1"])
def test_anything_but_true_or_false_is_no_answer_to_whether_to_prove(text: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="prove_on_deploy"):
        environments.named("dev", prove_on_deploy=text)
