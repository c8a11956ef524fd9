"""The settings of an environment reach the functions that use them."""

from __future__ import annotations

from functools import cache

import pytest

from batch_steps.settings import StepSettings
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.client_policies.settings import ClientsSettings, UsageSettings
from chat_gateway.completions.allowed_models import AllowedModels
from chat_gateway.core.errors import ModelNotAllowedError
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.jobs.batch_lines.settings import BatchLinesSettings
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.model_names.settings import Region, Target, names_from_text, regions_from_text
from chat_gateway.service import wiring
from chat_gateway.service.settings import MetricsSettings, UpstreamSettings
from guardrail_proof.settings import ProverSettings
from openai_resources.settings import ModelsSettings, StorageSettings
from tests import documents
from tests.infra.conftest import DEPLOYED, Synthesised, changed, stack_of, synthesised

BOTH = ["api", "worker"]
MODELS = ("openai.gpt-oss-20b-1:0", "us.openai.gpt-5.6-sol")
MAX_STREAMING = 4 * 1024 * 1024
MAX_LOCAL = 3 * 1024 * 1024 - 64 * 1024


# They are for Powertools, Lambda and glibc.
FOR_OTHERS = {
    "POWERTOOLS_SERVICE_NAME",
    "AWS_LAMBDA_EXEC_WRAPPER",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_MMAP_THRESHOLD_",
}
Settings = type[
    UpstreamSettings
    | HttpSettings
    | WorkerSettings
    | MetricsSettings
    | ClientsSettings
    | UsageSettings
    | AwsSettings
    | ModelsSettings
    | StorageSettings
    | ProverSettings
]


@cache
def separating(separates: bool) -> Synthesised:
    """`dev` with two models, and either separated reasoning or counted stream tokens."""
    return stack_of(
        changed(
            "dev",
            upstream={"models": list(MODELS)},
            completions={"separate_reasoning": separates},
            chat_function={"count_stream_tokens": not separates},
        )
    )


def allowed_models(
    stack: Synthesised, function: str, monkeypatch: pytest.MonkeyPatch
) -> AllowedModels | None:
    """The allowed models that the function reads from its variables."""
    for name, value in {**stack.variables(function), "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    return wiring.plain(UpstreamSettings.from_env(), AwsSettings.from_env(), max_connections=1).allowed_models


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (
            "api",
            [AwsSettings, UpstreamSettings, HttpSettings, MetricsSettings, ClientsSettings, UsageSettings],
        ),
        (
            "worker",
            [
                AwsSettings,
                UpstreamSettings,
                WorkerSettings,
                MetricsSettings,
                ClientsSettings,
                UsageSettings,
                BatchLinesSettings,
            ],
        ),
        ("authorizer", [AwsSettings, ClientsSettings]),
        ("batch-steps", [AwsSettings, StepSettings, ClientsSettings]),
        ("resources", [AwsSettings, ModelsSettings, StorageSettings, ClientsSettings]),
        ("prover", [AwsSettings, ProverSettings]),
    ],
)
def test_functions_read_what_the_stack_sets(function: str, settings: list[Settings]) -> None:
    """A function's variables are the ones that its settings read, and no others."""
    variables = synthesised("prod", prove_on_deploy="true").variables(function)
    env = {**variables, "AWS_REGION": "us-east-1"}
    read = [name for one in settings for name in one.from_env(env).to_env()]
    assert sorted(read) == sorted(variables.keys() - FOR_OTHERS)


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize(
    ("name", "size"), [*((name, MAX_STREAMING) for name in DEPLOYED), ("local", MAX_LOCAL)]
)
def test_an_answers_limit_is_deployed(name: str, size: int, function: str) -> None:
    """A buffered answer may have 4 MiB if answers stream, or else the limit of a buffered function."""
    settings = UpstreamSettings.from_env(synthesised(name).variables(function))
    assert settings.max_response_bytes == size


def test_an_answers_limit_is_documented() -> None:
    """docs/errors.md and docs/reliability.md's sizes name both limits as they are deployed."""
    limits = f"{MAX_STREAMING / 2**20:.0f} MiB (`local`: {MAX_LOCAL / 10**6:.0f} MB)"
    (error,) = (what for _, code, what in documents.errors() if "`response_too_large`" in code)
    assert f"the answer in one piece is over {limits}" in error
    sizes = documents.table("docs/reliability.md", "| what | at most | then |")
    (size,) = (most for what, most, _ in sizes if what == "an answer in one piece")
    assert size.startswith(limits)


@pytest.mark.parametrize("function", BOTH)
def test_models_reach_the_functions(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an environment names models, its functions allow all of them and refuse every other model."""
    stack = separating(True)
    assert stack.variables(function)["UPSTREAM_MODELS"] == ",".join(MODELS)
    allowed = allowed_models(stack, function, monkeypatch)
    assert allowed is not None
    for model in MODELS:
        allowed.check(model)
    with pytest.raises(ModelNotAllowedError):
        allowed.check("qwen.qwen3-32b-v1:0")


@pytest.mark.parametrize("function", BOTH)
def test_routes_reach_the_functions(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment's own routes are the functions', and the proof's model for Converse is one of its models."""
    own = {"xai.grok-4": "converse", "anthropic.claude-sonnet-4-5-20250929-v1:0": "native"}
    stack = stack_of(changed("dev", upstream={"routes": own, "models": [*MODELS, *own]}))
    for name, value in {**stack.variables(function), "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    made = wiring.plain(UpstreamSettings.from_env(), AwsSettings.from_env(), max_connections=1)
    assert made.routes == own
    assert stack.template["Outputs"]["ProofConverseModel"]["Value"] == "xai.grok-4"


@pytest.mark.parametrize("function", BOTH)
def test_without_models_all_are_allowed(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If an environment names no models, its functions refuse none."""
    stack = synthesised("dev")
    monkeypatch.delenv("UPSTREAM_MODELS", raising=False)
    assert "UPSTREAM_MODELS" not in stack.variables(function)
    assert allowed_models(stack, function, monkeypatch) is None


@cache
def with_names() -> Synthesised:
    """`dev` in us-east-1 with a name, whose second target is in another region."""
    targets = [{"model": MODELS[0], "region": "us-east-1"}, {"model": MODELS[1], "region": "us-west-2"}]
    return stack_of(
        changed(
            "dev",
            region="us-east-1",
            models=[{"name": "fast", "targets": targets}],
            upstream={"names_only": True, "region_urls": {"us-west-2": "https://vpce-1/openai/v1"}},
            guardrails={"us-west-2": {"identifier": "def456", "version": "4"}},
            completions={"show_target_model": True},
        )
    )


@pytest.mark.parametrize("function", BOTH)
def test_names_reach_the_functions(function: str) -> None:
    """The functions read the names, and the guardrail and endpoint of the other region."""
    settings = UpstreamSettings.from_env(with_names().variables(function))
    assert settings.names_only
    assert names_from_text(settings.model_names or "") == {
        "fast": (Target(MODELS[0]), Target(MODELS[1], "us-west-2"))
    }
    there = Region(("def456", "4"), "https://vpce-1/openai/v1")
    assert regions_from_text(settings.regions or "") == {"us-west-2": there}


def test_regions_are_an_output() -> None:
    """The stack tells the operator's commands of the other regions."""
    assert with_names().template["Outputs"]["BedrockRegions"]["Value"] == "us-west-2"


def test_without_names_nothing_is_set(stack: Synthesised) -> None:
    """An environment without names has no variable and no output for them."""
    unused = {"MODEL_NAMES", "MODEL_NAMES_ONLY", "BEDROCK_REGIONS", "SHOW_TARGET_MODEL"}
    for function in BOTH:
        assert not unused & stack.variables(function).keys()
    assert "BedrockRegions" not in stack.template["Outputs"]


@pytest.mark.parametrize("shows", [True, False])
def test_the_target_is_shown_as_asked(shows: bool) -> None:
    """`show_target_model` reaches the function that answers HTTP requests."""
    stack = with_names() if shows else synthesised("dev")
    assert HttpSettings.from_env(stack.variables("api")).shows_target is shows


@pytest.mark.parametrize("separates", [True, False])
@pytest.mark.parametrize("function", BOTH)
def test_reasoning_is_separated_as_asked(separates: bool, function: str) -> None:
    """`separate_reasoning` reaches every function that reads Bedrock's answers."""
    settings = UpstreamSettings.from_env(separating(separates).variables(function))
    assert settings.separate_reasoning is separates


@pytest.mark.parametrize("counts", [True, False])
def test_tokens_are_counted_as_asked(counts: bool) -> None:
    """`count_stream_tokens` reaches the function that streams."""
    settings = HttpSettings.from_env(separating(not counts).variables("api"))
    assert settings.count_stream_tokens is counts


@cache
def with_metrics() -> Synthesised:
    return stack_of(changed("dev", monitoring={"metrics": True}))


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize("has_metrics", [True, False])
def test_metrics_are_on_as_asked(has_metrics: bool, function: str) -> None:
    """With `monitoring.metrics`, the functions know the environment's name; without, they have no variable for it."""
    variables = (with_metrics() if has_metrics else synthesised("dev")).variables(function)
    assert MetricsSettings.from_env(variables).environment == ("dev" if has_metrics else None)
    assert ("METRICS_ENVIRONMENT" in variables) is has_metrics
