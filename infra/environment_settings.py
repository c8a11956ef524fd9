"""The settings of one environment, typed and checked before anything is synthesised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from aws_cdk.aws_logs import RetentionDays

from chat_gateway.jobs.sqs_limits import MAX_VISIBILITY_S
from infra.guardrail_settings import ExistingGuardrail, OwnGuardrail
from infra.job_settings import Jobs
from infra.platform import Platform
from infra.proof_settings import Proof

# How long a regional endpoint's connection may be silent; an answer that does not stream is:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
_MAX_SILENCE_S = 300
# A model that reasons in the middle of its answer is silent for a while.
_MAX_PAUSE_S = 120
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_FUNCTION_TIMEOUT_S = 900
# A job is received, and then Lambda starts a function, whose time counts from there; clocks may differ by 2 s.
_JOB_HANDOVER_S = 10

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (modelId)
_MODEL = re.compile(
    r"[a-z0-9-]+\.[A-Za-z0-9.:_-]{1,200}"
    r"|arn:aws[a-z-]*:bedrock:[a-z0-9-]*:(?:[0-9]{12})?:[a-z-]+/[A-Za-z0-9.:_/-]{1,200}"
)
# A function's variables take 4 KB at most, and the others need 1.5 KB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_MODELS_CHARACTERS = 2500


class InvalidEnvironmentError(ValueError):
    """An environment is unknown or contradicts itself; the message names the setting and the choices."""


class Data(StrEnum):
    """What becomes of tables, buckets, queues and logs when the stack is deleted."""

    RETAINED = "retained"
    DESTROYED = "destroyed"


class AuthMethod(StrEnum):
    """How the functions authenticate to Bedrock: with a key from Secrets Manager, or as the role they run as."""

    API_KEY = "api_key"
    SIGV4 = "sigv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Every timeout of an environment, in seconds, derived from two: an HTTP answer's and a job's."""

    api_s: int = 900
    job_s: int = 300
    connect_s: int = 3

    @property
    def chat_function_s(self) -> int:
        """Ends before API Gateway gives up, so that the caller sees our error, not its."""
        return self.api_s - 1

    @property
    def stream_s(self) -> int:
        """A whole stream; leaves the function time to end it properly and to log."""
        return self.chat_function_s - 2

    @property
    def answer_s(self) -> int:
        """An answer that does not stream: API Gateway gives up on a connection that is silent for too long."""
        return min(self.stream_s, _MAX_SILENCE_S - 10)

    @property
    def job_ending_s(self) -> int:
        """What a job's answer may take to be stored and sent."""
        return max(2, self.job_s // 10)

    @staticmethod
    def first_byte_s(total_s: int) -> int:
        """From sending to the answer's status: all of the time, since models think before they answer."""
        return total_s

    @staticmethod
    def between_bytes_s(total_s: int) -> int:
        """An answer that has begun and then pauses for so long will not end."""
        return max(5, min(total_s // 2, _MAX_PAUSE_S))

    @property
    def worker_function_s(self) -> int:
        """A job, and the time to deliver its result."""
        return self.job_s + self.job_ending_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One deployment of the gateway."""

    name: str
    region: str | None = None  # None: the region of the AWS profile in use
    guardrail: ExistingGuardrail | OwnGuardrail | None = field(default_factory=OwnGuardrail)
    callers_may_go_unguarded: bool = False  # has to be said where guardrail is None
    # None: not tried. Else a deployment fails and rolls back unless the guardrail blocks; needs a Bedrock API key.
    prove_on_deploy: Proof | None = None
    upstream_auth: AuthMethod = AuthMethod.API_KEY
    upstream_models: tuple[str, ...] = ()  # ids and ARNs of models and inference profiles; empty: all
    upstream_url: str | None = None  # None: Bedrock's own in this region; ends in /openai/v1
    upstream_may_ignore_guardrail: bool = False  # has to be said where upstream_url is bedrock-mantle's
    platform: Platform = field(default_factory=Platform)
    timeouts: Timeouts = field(default_factory=Timeouts)
    jobs: Jobs = field(default_factory=Jobs)
    data: Data = Data.RETAINED
    log_retention: RetentionDays = RetentionDays.THREE_MONTHS
    secret_max_age_s: int = 300
    authorizer_cache_s: int = 300
    max_request_bytes: int = 4 * 1024 * 1024  # Lambda takes 6 MB, and API Gateway sends bodies as base64
    requests_per_second: int = 50
    burst_requests: int = 100
    reserved_concurrency: int | None = None  # of the chat function; None: the account's unreserved pool
    memory_mib: int = 512
    count_stream_tokens: bool = True  # ask for the usage chunk of every stream; some models refuse that
    separate_reasoning: bool = True  # gpt-oss's <reasoning> becomes reasoning_content

    @property
    def signs_upstream(self) -> bool:
        """Whether Bedrock is asked as the functions' role, and there is no API key."""
        return self.upstream_auth == AuthMethod.SIGV4

    @property
    def job_visibility_s(self) -> int:
        """How long a job stays hidden after it was received: while its batch fills, and while its worker may live.

        AWS recommends six times the function's timeout: docs/adr/0019-a-job-that-kills-its-worker.md.
        """
        return self.jobs.window_s + self.timeouts.worker_function_s + _JOB_HANDOVER_S

    @property
    def job_max_receives(self) -> int:
        """The jobs queue's maxReceiveCount."""
        return self.jobs.max_receives(self.job_visibility_s)

    def __post_init__(self) -> None:
        for rules in (_type_rules, _rules):
            check(self.name, rules(self))


def check(environment: str, rules: Iterable[tuple[bool, str]]) -> None:
    """Raises InvalidEnvironmentError with what the first rule says that does not hold."""
    for is_valid, message in rules:
        if not is_valid:
            raise InvalidEnvironmentError(f"Environment {environment!r}: {message}")


def _rules(env: Environment) -> list[tuple[bool, str]]:
    """What must hold, each with what to say where it does not."""
    return [
        *_timeout_rules(env),
        *env.jobs.rules(),
        *_guardrail_rules(env),
        *_proof_rules(env),
        *_upstream_rules(env),
        *_other_rules(env),
    ]


def _type_rules(env: Environment) -> list[tuple[bool, str]]:
    """What the other rules need to be able to look."""
    return [
        (
            env.guardrail is None or isinstance(env.guardrail, ExistingGuardrail | OwnGuardrail),
            f"guardrail is {env.guardrail!r}; it must be ExistingGuardrail(…), OwnGuardrail(…) or None.",
        ),
        (
            env.prove_on_deploy is None or isinstance(env.prove_on_deploy, Proof),
            f"prove_on_deploy is {env.prove_on_deploy!r}; it must be Proof(…) or None.",
        ),
    ]


def _timeout_rules(env: Environment) -> list[tuple[bool, str]]:
    timeouts = env.timeouts
    max_api_s = env.platform.max_answer_s
    return [
        (5 <= timeouts.api_s <= max_api_s, f"timeouts.api_s must be from 5 to {max_api_s}."),
        (timeouts.job_s >= 2, "timeouts.job_s must be at least 2."),
        (
            0 < timeouts.connect_s < timeouts.answer_s,
            "timeouts.connect_s must be below the upstream's.",
        ),
        (
            timeouts.worker_function_s <= _MAX_FUNCTION_TIMEOUT_S,
            f"timeouts.job_s leaves the worker over Lambda's {_MAX_FUNCTION_TIMEOUT_S} s.",
        ),
        (env.job_visibility_s <= MAX_VISIBILITY_S, f"visibility is over SQS's {MAX_VISIBILITY_S} s."),
        (
            env.jobs.expected_answer_s <= timeouts.job_s / 2,
            "jobs.expected_answer_s must be at most half of timeouts.job_s.",
        ),
    ]


def _guardrail_rules(env: Environment) -> list[tuple[bool, str]]:
    if env.guardrail is not None:
        return [
            *env.guardrail.rules(),
            (
                env.upstream_may_ignore_guardrail or "bedrock-mantle" not in (env.upstream_url or "").lower(),
                "upstream_url ignores guardrails. Use bedrock-runtime, or say upstream_may_ignore_guardrail=True.",
            ),
        ]
    return [
        (
            env.callers_may_go_unguarded,
            "there is no guardrail. Set one, or say callers_may_go_unguarded=True if that is what you want.",
        )
    ]


def _proof_rules(env: Environment) -> list[tuple[bool, str]]:
    if env.prove_on_deploy is None:
        return []
    return [
        (env.guardrail is not None, "prove_on_deploy needs a guardrail."),
        *env.prove_on_deploy.rules(),
    ]


def _upstream_rules(env: Environment) -> list[tuple[bool, str]]:
    models = env.upstream_models
    wrong = next((model for model in models if not _MODEL.fullmatch(model)), None)
    return [
        (
            not env.signs_upstream or "bedrock-mantle" not in (env.upstream_url or "").lower(),
            "upstream_auth sigv4 signs for bedrock-runtime; upstream_url is another service's.",
        ),
        (
            env.upstream_auth in tuple(AuthMethod),
            f"upstream_auth is {env.upstream_auth!r}; choose {' or '.join(AuthMethod)}.",
        ),
        (isinstance(models, tuple), "upstream_models must be a tuple, such as ('openai.gpt-oss-20b-1:0',)."),
        (
            wrong is None,
            f"upstream_models has {wrong!r}; name models and inference profiles by id or ARN, without wildcards.",
        ),
        (len(set(models)) == len(models), "upstream_models names something twice."),
        (
            len(",".join(models)) <= _MAX_MODELS_CHARACTERS,
            f"upstream_models takes more than {_MAX_MODELS_CHARACTERS} characters, which Lambda has no room for.",
        ),
    ]


def _other_rules(env: Environment) -> list[tuple[bool, str]]:
    url = env.upstream_url
    return [
        (
            re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,19}", env.name) is not None,
            "name must be at most 20 letters, digits and hyphens.",
        ),
        (
            env.region is None or re.fullmatch(r"[a-z0-9-]{5,32}", env.region) is not None,
            "region is not one of AWS's.",
        ),
        (
            url is None or env.platform.allows_plain_http or url.startswith("https://"),
            "upstream_url must be https: the Bedrock API key is sent there.",
        ),
        (
            url is None or re.fullmatch(r"https?://\S+[^/\s]", url) is not None,
            "upstream_url must be a URL, no final /.",
        ),
        (
            0 < env.max_request_bytes <= 4_500_000,
            "max_request_bytes must be from 1 to 4500000 (Lambda takes 6 MB).",
        ),
        (env.data in tuple(Data), f"data is {env.data!r}; choose {' or '.join(Data)}."),
        (0 <= env.authorizer_cache_s <= 3600, "authorizer_cache_s must be from 0 to 3600."),
        (env.secret_max_age_s > 0, "secret_max_age_s must be positive."),
        (
            0 < env.requests_per_second <= env.burst_requests,
            "burst_requests must be at least requests_per_second.",
        ),
        (128 <= env.memory_mib <= 10_240, "memory_mib must be from 128 to 10240."),
        (
            env.reserved_concurrency is None or env.reserved_concurrency > 0,
            "reserved_concurrency must be positive.",
        ),
    ]
