"""All settings of an environment, and the values derived from several of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, SkipValidation, field_validator, model_validator

from chat_gateway.jobs.sqs_limits import MAX_VISIBILITY_S
from chat_gateway.model_names.settings import Region, Target, names_to_text, regions_to_text
from infra.platform import Platform
from infra.settings import arns, model_name_rules, network_rules, other_account_rules, proof_rules
from infra.settings import client_auth as client_auth_rules
from infra.settings.account import Account
from infra.settings.api import Api
from infra.settings.batches import MAX_STEPS_AT_ONCE, Batches
from infra.settings.chat_function import ChatFunctionSettings, CompletionsSettings
from infra.settings.client_auth import ClientAuth, Jwt
from infra.settings.clients import Clients
from infra.settings.deployment import Deployment
from infra.settings.domain import Domain
from infra.settings.guardrail import (
    EnforcedGuardrailSettings,
    GuardrailSettings,
    GuardrailVersion,
    NoGuardrail,
    OwnGuardrail,
)
from infra.settings.jobs import JobsSettings
from infra.settings.logs import Logs
from infra.settings.model_names import ModelName, elsewhere, targets_by_path
from infra.settings.monitoring import Monitoring
from infra.settings.network import Network
from infra.settings.prices import Prices
from infra.settings.proof import Proof
from infra.settings.regions import RegionName
from infra.settings.table import Table, matching, require
from infra.settings.timeouts import Timeouts
from infra.settings.upstream import Upstream
from infra.settings.waf import Waf

# Time between the receipt of a job and the start of the function's timeout; clocks may differ by 2 s.
_JOB_HANDOVER_S = 10
# A function's environment variables may have 4 KB. The others need 1.8 KB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_LISTS_BYTES = 2000
_OF_OTHER_KINDS = {"identifier", "version", "kms_key_arn", "profile", "callers_may_go_unguarded"}


class Data(StrEnum):
    """Whether tables, buckets, queues and logs are kept when the stack is deleted."""

    RETAINED = "retained"
    DESTROYED = "destroyed"


class Settings(Table):
    """All settings that a settings file may hold. A setting that is left out has its default."""

    region: RegionName | None = None
    """The AWS region. By default, the region of the AWS profile in use."""
    # A guardrail has the name of its stack, of at most 50 characters:
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html
    name_prefix: Annotated[
        str,
        AfterValidator(
            matching(r"[A-Za-z][A-Za-z0-9-]{0,28}", "must be at most 29 letters, digits and hyphens")
        ),
    ] = "bedrock-chat-gateway"
    """The names of the stack and its functions start with this. Use another prefix for a second gateway in an account."""
    data: Annotated[Data, Field(strict=False)] = Data.RETAINED
    """Whether tables, buckets, queues and logs are kept when the stack is deleted."""
    guardrail: GuardrailSettings = Field(default_factory=OwnGuardrail)
    """The enforced guardrail. `kind` is own, existing or none."""
    guardrails: dict[RegionName, GuardrailVersion] = Field(default_factory=dict)
    """By another region, the guardrail that is enforced there."""
    proof: Proof = Field(default_factory=Proof)
    """The test that the guardrail blocks, and whether each deployment runs it."""
    upstream: Upstream = Field(default_factory=Upstream)
    """The connection to Bedrock."""
    models: list[ModelName] = Field(default_factory=list)
    """Names that callers may write in place of models' ids."""
    api: Api = Field(default_factory=Api)
    """API Gateway's limits, and how callers may call."""
    chat_function: ChatFunctionSettings = Field(default_factory=ChatFunctionSettings)
    """The function that answers HTTP requests."""
    completions: CompletionsSettings = Field(default_factory=CompletionsSettings)
    """How Bedrock's answers are changed."""
    jobs: JobsSettings = Field(default_factory=JobsSettings)
    """The rate, the batches and the retries of jobs."""
    batches: Batches = Field(default_factory=Batches)
    """The limits of batches that clients create over HTTP."""
    client_auth: Annotated[ClientAuth, Field(strict=False)] = ClientAuth.KEYS
    """How callers show who they are: with a client key, with the signature of an IAM role (iam), or with a JWT."""
    jwt: Jwt | None = None
    """Which JWTs are accepted. Needed with `client_auth = "jwt"`, and refused without."""
    clients: Clients = Field(default_factory=Clients)
    """The record of what clients use, and what happens if a client's counters cannot be reached."""
    prices: Prices = Field(default_factory=Prices)
    """The prices of models and of the guardrail."""
    timeouts: Timeouts = Field(default_factory=Timeouts)
    """Timeouts in seconds."""
    logs: Logs = Field(default_factory=Logs)
    """How long logs are kept."""
    monitoring: Monitoring = Field(default_factory=Monitoring)
    """Metrics, alarms, the dashboard and traces."""
    deployment: Deployment = Field(default_factory=Deployment)
    """How a deployment moves callers to a new version."""
    account: Account = Field(default_factory=Account)
    """What the company's account demands of each stack."""
    domain: Domain | None = None
    """The domain name of the API. By default, the API has an address under execute-api."""
    network: Network | None = None
    """The VPC of the functions, and whether the API is private. By default, the functions run outside a VPC."""
    waf: Waf | None = None
    """A web ACL before the API. By default there is none."""

    @field_validator("guardrail", mode="before")
    @classmethod
    def _is_own_by_default(cls, guardrail: Any) -> Any:
        if not isinstance(guardrail, dict) or "kind" in guardrail:
            return guardrail
        others = guardrail.keys() & _OF_OTHER_KINDS
        rule = f'is missing: the default kind "own" does not have {", ".join(sorted(others))}'
        require(not others, "kind", rule)
        return {"kind": "own", **guardrail}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        is_unguarded = isinstance(self.guardrail, NoGuardrail)
        require(not (self.proof.on_deploy and is_unguarded), "proof.on_deploy", "needs a guardrail")
        is_ignored = self.upstream.is_mantle and not self.upstream.may_ignore_guardrail
        rule = "ignores guardrails; use bedrock-runtime, or set upstream.may_ignore_guardrail = true"
        require(is_unguarded or not is_ignored, "upstream.url", rule)
        other_account_rules.check(self.upstream, self.guardrail, self.guardrails)
        self._check_guardrail_keys()
        first = {model.name: model.targets[0].model for model in self.models}
        proof_rules.check(self.proof, self.upstream, first)
        if self.deployment.gradual:
            proof_rules.check_new_versions(self.proof, self.upstream, first)
        client_auth_rules.check(self.client_auth, self.jwt, self.proof, self.api)
        self._check_jobs()
        self._check_names()
        self._check_lists()
        self._check_alarm_topic()
        self._check_account()
        network_rules.check(self)
        return self

    def _check_jobs(self) -> None:
        rule = f"must be at most half of timeouts.job_s, which is {self.timeouts.job_s}"
        require(self.jobs.expected_answer_s <= self.timeouts.job_s / 2, "jobs.expected_answer_s", rule)
        rule = f"makes the jobs queue's visibility timeout longer than SQS's limit of {MAX_VISIBILITY_S} s"
        require(self.job_visibility_s <= MAX_VISIBILITY_S, "timeouts.job_s", rule)

    def _check_names(self) -> None:
        model_name_rules.check_names(self.models, self.upstream, self.region)
        model_name_rules.check_targets(self.models, self.upstream, self.timeouts, self.region)
        model_name_rules.check_regions(
            self.models, self.guardrail, self.guardrails, self.upstream, self.region
        )

    def _check_alarm_topic(self) -> None:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
        is_here = arns.is_in(self.monitoring.alarm_topic_arn, self.region)
        rule = f"must be a topic in {self.region}: alarms cannot notify another region"
        require(is_here, "monitoring.alarm_topic_arn", rule)

    def _check_account(self) -> None:
        """SQS would go on handing out messages to functions that cannot start, and count each as a receive:
        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
        reserved = self.account.reserved_concurrency
        for name, needed in {"worker": self.jobs.max_concurrency, "batch_steps": MAX_STEPS_AT_ONCE}.items():
            number, rule = reserved.of(name), f"must be at least {needed}, which the queue may start at once"
            require(number is None or number >= needed, f"account.reserved_concurrency.{name}", rule)
        rule = "needs upstream.key_rotation: without it there is no such function"
        has_rotation = reserved.key_rotation is None or self.upstream.key_rotation is not None
        require(has_rotation, "account.reserved_concurrency.key_rotation", rule)
        has_authorizer = self.client_auth is not ClientAuth.IAM
        rule = 'cannot be set with client_auth = "iam": there is no authorizer'
        require(
            reserved.authorizer is None or has_authorizer, "account.reserved_concurrency.authorizer", rule
        )
        is_here = arns.is_in(self.account.kms_key_arn, self.region)
        require(is_here, "account.kms_key_arn", f"must be a key in {self.region}, where the stack is")

    def _check_guardrail_keys(self) -> None:
        """A guardrail's key is in the guardrail's region."""
        own = self.enforced_guardrail
        name = "guardrail.policy.kmsKeyId" if isinstance(own, OwnGuardrail) else "guardrail.kms_key_arn"
        keys = [] if own is None else [(name, own.kms_key_arn, self.region)]
        for region, there in self.guardrails.items():
            keys.append((f"guardrails.{region}.kms_key_arn", there.kms_key_arn, region))
        for setting, arn, where in keys:
            require(arns.is_in(arn, where), setting, f"must be a key in {where}, where the guardrail is")

    def _check_lists(self) -> None:
        """Lists of only models and senders are not checked here: earlier versions took longer ones."""
        names = [text for text in (self.model_names_text, self.regions_text) if text is not None]
        routes = [f"{model}={route}" for model, route in self.upstream.routes.items()]
        lists = [self.prices.models_text or "", *self.upstream.models, *routes, *self.jobs.senders, *names]
        lists += self.api.cors_origins
        size = len(",".join(lists).encode())
        rule = (
            f"takes {size} bytes of Lambda's variables, with the lists of models, names, routes, prices, senders and origins; "
            f"at most {_MAX_LISTS_BYTES} are allowed"
        )
        require(not self.prices.models or size <= _MAX_LISTS_BYTES, "prices.models", rule)
        require(not routes or size <= _MAX_LISTS_BYTES, "upstream.routes", rule)
        require(not self.models or size <= _MAX_LISTS_BYTES, "models", rule)
        require(not self.api.cors_origins or size <= _MAX_LISTS_BYTES, "api.cors_origins", rule)

    @property
    def enforced_guardrail(self) -> EnforcedGuardrailSettings | None:
        """The guardrail that every request must use; None if the environment has none."""
        return None if isinstance(self.guardrail, NoGuardrail) else self.guardrail

    @property
    def model_names(self) -> dict[str, tuple[Target, ...]]:
        """The targets of each name, as the functions read them. Those in the environment's own region have no region."""
        return {model.name: model.asked_from(self.region) for model in self.models}

    @property
    def model_names_text(self) -> str | None:
        """The names as the functions read them; None if there are none."""
        return names_to_text(self.model_names) if self.models else None

    @property
    def other_regions(self) -> list[str]:
        """The regions of targets, without the environment's own, in the order of the file."""
        regions = (elsewhere(target.region, self.region) for _, target in targets_by_path(self.models))
        return list(dict.fromkeys(region for region in regions if region is not None))

    @property
    def regions_text(self) -> str | None:
        """The guardrails and endpoints in other regions as the functions read them; None if there are no other regions."""
        regions = {
            region: Region(_pair(self.guardrails.get(region)), self.upstream.region_urls.get(region))
            for region in self.other_regions
        }
        return regions_to_text(regions) if regions else None

    @property
    def job_visibility_s(self) -> int:
        """The jobs queue's visibility timeout: the batching window plus the worker's timeout, plus a margin.

        AWS recommends six times the function's timeout. For the reason why this is shorter, see
        docs/adr/0019-a-job-that-kills-its-worker.md.
        """
        return self.jobs.window_s + self.timeouts.worker_function_s + _JOB_HANDOVER_S

    @property
    def job_max_receives(self) -> int:
        """The jobs queue's maxReceiveCount."""
        return self.jobs.max_receives(self.job_visibility_s)


def _pair(guardrail: GuardrailVersion | None) -> tuple[str, str] | None:
    return None if guardrail is None else (guardrail.identifier, guardrail.version)


class Environment(Settings):
    """One deployment of the gateway: its settings, its name and its platform."""

    name: Annotated[
        str,
        AfterValidator(
            matching(r"[A-Za-z][A-Za-z0-9-]{0,19}", "must be at most 20 letters, digits and hyphens")
        ),
    ]
    platform: Annotated[Platform, SkipValidation] = Platform()

    @model_validator(mode="after")
    def _suit_the_platform(self) -> Self:
        longest_s = self.platform.max_answer_s
        require(self.timeouts.api_s <= longest_s, "timeouts.api_s", f"must be at most {longest_s}")
        upstream = self.upstream
        others = {f"upstream.region_urls.{region}": url for region, url in upstream.region_urls.items()}
        for setting, url in {"upstream.url": upstream.url, **others}.items():
            is_https = url is None or self.platform.allows_plain_http or url.startswith("https://")
            require(is_https, setting, "must be https: the Bedrock API key is sent there")
        client_auth_rules.check_key_set_url(self.jwt, allows_plain_http=self.platform.allows_plain_http)
        return self

    @property
    def stack_name(self) -> str:
        """CloudFormation's name of the stack."""
        return f"{self.name_prefix}-{self.name}"
