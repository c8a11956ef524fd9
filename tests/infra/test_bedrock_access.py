"""Who may call Bedrock: the functions' roles if they sign, or else the user behind the API key."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from chat_gateway.service.settings import UpstreamSettings
from infra.bedrock import access
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings import guardrail_policy
from infra.settings.guardrail import ExistingGuardrail, NoGuardrail, Override, OwnGuardrail
from infra.settings.upstream import AuthMethod
from tests.infra.conftest import Synthesised, changed, resolved, stack_of

NONE = NoGuardrail(callers_may_go_unguarded=True)

GUARDRAIL = "arn:aws:bedrock:us-east-1:000000000000:guardrail/abc123"
MODELS = ("openai.gpt-oss-20b-1:0", "us.openai.gpt-5.6-sol")
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0"
PROFILE = "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.openai.gpt-5.6-sol"
BEHIND_PROFILE = "arn:aws:bedrock:*::foundation-model/openai.gpt-5.6-sol"
EVERY_MODEL = [
    "arn:aws:bedrock:*::foundation-model/*",
    "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/*",
    "arn:aws:bedrock:us-east-1:000000000000:inference-profile/*",
]
STREAMED = "bedrock:InvokeModelWithResponseStream"
CHAT, WORKER = ["bedrock:InvokeModel", STREAMED], ["bedrock:InvokeModel"]
PROJECT = "arn:aws:bedrock:us-east-1:000000000000:project/default"


@cache
def synthesised(
    auth: AuthMethod = AuthMethod.SIGV4,
    models: tuple[str, ...] = (),
    guardrail: ExistingGuardrail | None = ExistingGuardrail(identifier="abc123", version="7"),  # noqa: B008
) -> Synthesised:
    """The changed prod stack; synthesis fails if cdk-nag has a finding."""
    return stack_of(
        changed("prod", upstream={"auth": auth, "models": list(models)}, guardrail=guardrail or NONE)
    )


def as_text(value: Any) -> Any:
    """A template value with its references resolved, and lists of one as IAM reads them."""
    if isinstance(value, list):
        return sorted(map(as_text, value))
    if isinstance(value, dict) and not value.keys() & {"Ref", "Fn::Join", "Fn::GetAtt"}:
        return {key: as_text(item) for key, item in value.items()}
    return resolved(value)


def bedrock_statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements about Bedrock, actions and resources as sorted lists."""
    found = []
    for statement in as_text_each(policy["PolicyDocument"]["Statement"]):
        for key in statement.keys() & {"Action", "Resource", "NotResource"}:
            statement[key] = statement[key] if isinstance(statement[key], list) else [statement[key]]
        if statement["Action"][0].startswith("bedrock:"):
            found.append(statement)
    return found


def as_text_each(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: as_text(value) for key, value in statement.items()} for statement in statements]


def role_statements(stack: Synthesised, name: str) -> list[dict[str, Any]]:
    return bedrock_statements(stack.one("AWS::IAM::Policy", name))


def expected(
    actions: list[str], *, models: list[str], behind: list[str], identifier: str = f"{GUARDRAIL}:7"
) -> list[dict[str, Any]]:
    required = {"bedrock:GuardrailIdentifier": identifier}
    through = {**required, "bedrock:InferenceProfileArn": PROFILE}
    statements = [allow(actions, models, required), *([allow(actions, behind, through)] if behind else [])]
    if models != EVERY_MODEL:
        statements.append(allow(actions, [PROJECT]))
    deny = deny_without(required, [] if models == EVERY_MODEL else [PROJECT])
    return [*statements, deny, allow(["bedrock:ApplyGuardrail"], [GUARDRAIL])]


def deny_without(required: dict[str, Any], projects: list[str]) -> dict[str, Any]:
    """Denies calls without the guardrail on everything but `projects`."""
    on = {"NotResource": projects} if projects else {"Resource": ["*"]}
    return {"Effect": "Deny", "Action": CHAT, **on, "Condition": {"StringNotEquals": required}}


def allow(actions: list[str], resources: list[str], required: dict[str, str] | None = None) -> dict[str, Any]:
    condition = {"Condition": {"StringEquals": required}} if required else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **condition}


def same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """Asserts equality; to IAM, a condition of one value equals a list of that value."""
    text = json.dumps(found).replace(f'["{PROFILE}"]', f'"{PROFILE}"')
    assert json.loads(text) == wanted


@pytest.mark.parametrize("own_guardrail", [True, False])
def test_where_the_roles_sign_there_is_no_secret_anywhere(own_guardrail: bool) -> None:
    guardrail = OwnGuardrail() if own_guardrail else ExistingGuardrail(identifier="abc123", version="7")
    template = stack_of(changed("dev", upstream={"auth": "sigv4"}, guardrail=guardrail)).template
    text = json.dumps(template).lower()
    assert "secretsmanager" not in text
    assert "secret_arn" not in text
    assert not [name for name in template["Outputs"] if "ApiKey" in name]
    assert "AWS::IAM::ManagedPolicy" not in {r["Type"] for r in template["Resources"].values()}


@pytest.mark.parametrize("function", ["api", "worker"])
def test_the_functions_read_from_their_variables_that_they_sign(function: str) -> None:
    assert UpstreamSettings.from_env(synthesised().variables(function)).api_key is None


@pytest.mark.parametrize(("role", "actions"), [("ChatFunction", CHAT), ("JobWorker", WORKER)])
def test_a_role_that_signs_may_ask_every_model_under_the_guardrail(role: str, actions: list[str]) -> None:
    same(role_statements(synthesised(), role), expected(actions, models=EVERY_MODEL, behind=[]))


@pytest.mark.parametrize(("role", "actions"), [("ChatFunction", CHAT), ("JobWorker", WORKER)])
def test_a_role_may_ask_the_named_models(role: str, actions: list[str]) -> None:
    """A role may ask the named models, and a model behind a named profile only through that profile."""
    found = role_statements(synthesised(models=MODELS), role)
    same(found, expected(actions, models=[PROFILE, MODEL], behind=[BEHIND_PROFILE]))


def test_policy_for_the_keys_user() -> None:
    """The policy for the API key's user allows the same requests, and is attached to nobody."""
    stack = synthesised(AuthMethod.API_KEY, MODELS)
    policy = stack.one("AWS::IAM::ManagedPolicy")
    bearer = allow(["bedrock:CallWithBearerToken"], ["*"])
    same(
        bedrock_statements(policy),
        [*expected(CHAT, models=[PROFILE, MODEL], behind=[BEHIND_PROFILE]), bearer],
    )
    assert not policy.keys() & {"Users", "Roles", "Groups"}
    assert resolved(stack.template["Outputs"]["BedrockApiKeyPolicyArn"]["Value"]).startswith(
        "BedrockApiKeyPolicy"
    )
    for role in ("ChatFunction", "JobWorker"):
        assert role_statements(stack, role) == []


@pytest.mark.parametrize("override", Override)
def test_where_callers_may_override_the_guardrail_iam_does_not_forbid_it(override: Override) -> None:
    settings = ExistingGuardrail(identifier="abc123", version="7", override=override)
    enforced = EnforcedGuardrail(cdk.Stack(cdk.App(), "Stack"), "Guardrail", settings=settings)
    statements = access.invocation(changed("prod", guardrail=settings), enforced, actions=[access.INVOKE])
    effects = [statement.effect for statement in statements]
    assert (iam.Effect.DENY in effects) is (override is Override.DENIED)


def test_without_a_guardrail_nothing_is_denied() -> None:
    """Without a guardrail nothing is denied, and callers may name any guardrail of the account."""
    found = role_statements(synthesised(guardrail=None), "ChatFunction")
    any_guardrail = "arn:aws:bedrock:us-east-1:000000000000:guardrail/*"
    assert found == [allow(CHAT, EVERY_MODEL), allow(["bedrock:ApplyGuardrail"], [any_guardrail])]


@pytest.mark.parametrize(
    ("identifier", "version", "condition"),
    [
        ("abc123", "DRAFT", GUARDRAIL),
        (GUARDRAIL, "7", f"{GUARDRAIL}:7"),
        (GUARDRAIL, "DRAFT", GUARDRAIL),
    ],
)
def test_the_condition_writes_the_guardrail_as_aws_does(
    identifier: str, version: str, condition: str
) -> None:
    guardrail = ExistingGuardrail(identifier=identifier, version=version)
    found = role_statements(synthesised(guardrail=guardrail), "ChatFunction")
    same(found, expected(CHAT, models=EVERY_MODEL, behind=[], identifier=condition))


def test_own_guardrail_is_required_by_id_and_version() -> None:
    """The stack's own guardrail is required by its ID and by the number of its version."""
    stack = stack_of(changed("prod", upstream={"auth": "sigv4"}, guardrail=OwnGuardrail()))
    (id_,) = stack.resources("AWS::Bedrock::Guardrail")
    arn = f"arn:aws:bedrock:us-east-1:000000000000:guardrail/{id_}"
    found = role_statements(stack, "ChatFunction")
    assert {s["Condition"]["StringEquals"]["bedrock:GuardrailIdentifier"] for s in found[:1]} == {f"{arn}:3"}
    assert found[-1]["Resource"] == [arn]


@pytest.mark.parametrize(
    ("model", "named", "behind"),
    [
        (
            "global.openai.gpt-6-astra",
            "{account}:inference-profile/global.openai.gpt-6-astra",
            "openai.gpt-6-astra",
        ),
        ("us-gov.xai.grok", "{account}:inference-profile/us-gov.xai.grok", "xai.grok"),
        (PROFILE, "{account}:inference-profile/us.openai.gpt-5.6-sol", "openai.gpt-5.6-sol"),
        (
            "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/a1b2",
            "{account}:application-inference-profile/a1b2",
            "*",
        ),
        ("xai.grok-4.6", ":foundation-model/xai.grok-4.6", None),
        (MODEL, ":foundation-model/openai.gpt-oss-20b-1:0", None),
    ],
)
def test_every_way_to_name_a_model_or_profile_is_granted_exactly(
    model: str, named: str, behind: str | None
) -> None:
    found = role_statements(synthesised(models=(model,)), "JobWorker")
    granted = [s["Resource"] for s in found if s["Effect"] == "Allow" and s["Action"] == WORKER]
    arn = f"arn:aws:bedrock:us-east-1:{named.format(account='000000000000')}"
    through = [] if behind is None else [[f"arn:aws:bedrock:*::foundation-model/{behind}"]]
    assert granted == [[arn], *through, [PROJECT]]


WEST, EAST = "us-west-2", "us-east-1"
GUARDRAIL_WEST = f"arn:aws:bedrock:{WEST}:000000000000:guardrail/def456"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
APPLICATION = f"arn:aws:bedrock:{EAST}:123456789012:application-inference-profile/a1b2"
TARGETS = (
    {"model": "openai.gpt-oss-20b-1:0", "region": EAST},
    {"model": "openai.gpt-oss-20b-1:0", "region": WEST},
    {"model": f"us.{CLAUDE}", "region": WEST},
    {"model": APPLICATION},
)
MODEL_WEST = MODEL.replace(EAST, WEST)
PROFILE_WEST = f"arn:aws:bedrock:{WEST}:000000000000:inference-profile/us.{CLAUDE}"
BEHIND_TARGETS = ["arn:aws:bedrock:*::foundation-model/*", f"arn:aws:bedrock:*::foundation-model/{CLAUDE}"]


@cache
def with_names(
    auth: AuthMethod = AuthMethod.SIGV4,
    models: tuple[str, ...] = (),
    override: Override | None = Override.DENIED,
    *,
    names_only: bool = False,
) -> Synthesised:
    """The prod stack in us-east-1 with a name for `TARGETS`; without a guardrail if `override` is None."""
    guarded = {
        "guardrail": ExistingGuardrail(
            identifier="abc123", version="7", override=override or Override.DENIED
        ),
        "guardrails": {WEST: {"identifier": "def456", "version": "DRAFT"}},
    }
    return stack_of(
        changed(
            "prod",
            region=EAST,
            models=[{"name": "fast", "targets": list(TARGETS)}],
            upstream={"auth": auth, "models": list(models), "names_only": names_only},
            **({"guardrail": NONE} if override is None else guarded),
        )
    )


def expected_of_names(actions: list[str], models: list[str], *, behind: bool) -> list[dict[str, Any]]:
    """The statements that require the guardrail of either region. `behind`: also the models of the targets' profiles."""
    required: dict[str, Any] = {"bedrock:GuardrailIdentifier": sorted([f"{GUARDRAIL}:7", GUARDRAIL_WEST])}
    through = {**required, "bedrock:InferenceProfileArn": sorted([PROFILE_WEST, APPLICATION])}
    projects = [PROJECT, PROJECT.replace(EAST, WEST)] if behind else []
    return [
        allow(actions, sorted(models), required),
        *([allow(actions, BEHIND_TARGETS, through), allow(actions, projects)] if behind else []),
        deny_without(required, projects),
        allow(["bedrock:ApplyGuardrail"], [GUARDRAIL, GUARDRAIL_WEST]),
    ]


@pytest.mark.parametrize(("role", "actions"), [("ChatFunction", CHAT), ("JobWorker", WORKER)])
def test_targets_are_granted_in_their_regions(role: str, actions: list[str]) -> None:
    """Where callers may use names only, a role may ask the targets only: each in its region, under a region's guardrail."""
    found = role_statements(with_names(names_only=True), role)
    assert found == expected_of_names(actions, [MODEL, MODEL_WEST, PROFILE_WEST, APPLICATION], behind=True)


def test_names_only_grants_no_listed_model() -> None:
    """A listed model behind no name is not granted, because no caller may ask it."""
    models = ("openai.gpt-oss-20b-1:0", f"us.{CLAUDE}", APPLICATION)
    only = with_names(models=(*models, "xai.grok-4.6"), names_only=True)
    assert role_statements(only, "JobWorker") == role_statements(with_names(names_only=True), "JobWorker")


def test_listed_models_are_granted_with_targets() -> None:
    """Where callers may use ids, too, the listed models are granted in the stack's own region."""
    models = ("openai.gpt-oss-20b-1:0", f"us.{CLAUDE}", APPLICATION)
    found = role_statements(with_names(models=models), "ChatFunction")
    here = PROFILE_WEST.replace(WEST, EAST)
    assert found[0]["Resource"] == sorted([MODEL, here, APPLICATION, MODEL_WEST, PROFILE_WEST])
    through = found[1]["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"]
    assert through == sorted([here, APPLICATION, PROFILE_WEST])


def test_every_model_and_the_targets_beside() -> None:
    """Where all models are allowed, only profiles of other regions and what an ARN names are added."""
    found = role_statements(with_names(), "ChatFunction")
    assert found == expected_of_names(CHAT, [*EVERY_MODEL, PROFILE_WEST, APPLICATION], behind=False)


def test_the_keys_user_has_the_same_targets() -> None:
    """The policy for the API key's user allows what the roles may do."""
    policy = with_names(AuthMethod.API_KEY, names_only=True).one("AWS::IAM::ManagedPolicy")
    found = bedrock_statements(policy)
    assert found[:-1] == role_statements(with_names(names_only=True), "ChatFunction")
    assert found[-1]["Action"] == ["bedrock:CallWithBearerToken"]


@pytest.mark.parametrize("override", [None, Override.ALLOWED])
def test_any_guardrail_of_either_region(override: Override | None) -> None:
    """Where callers choose the guardrail, they may use any one of each region in which a target is."""
    found = role_statements(with_names(override=override), "ChatFunction")
    both = [f"arn:aws:bedrock:{region}:000000000000:guardrail/*" for region in (EAST, WEST)]
    assert found == [
        allow(CHAT, sorted([*EVERY_MODEL, PROFILE_WEST, APPLICATION])),
        allow(["bedrock:ApplyGuardrail"], both),
    ]


def test_a_region_without_its_guardrail_makes_no_stack() -> None:
    """If a guardrail is enforced, no policy is made for a region that has none."""
    environment = changed("prod", models=[{"name": "fast", "targets": list(TARGETS[1:2])}])
    assert environment.region is None  # else the settings would have been refused
    with pytest.raises(KeyError, match=WEST):
        stack_of(environment)


KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("key/1", "key/2").replace("us-east-1", "us-west-2")


def kms_statements(stack: Synthesised, role: str) -> list[dict[str, Any]]:
    found = as_text_each(stack.one("AWS::IAM::Policy", role)["PolicyDocument"]["Statement"])
    return [one for one in found if str(one["Action"]).startswith("kms:")]


@pytest.mark.parametrize(
    "profile",
    ["eu.guardrail.v1:0", "arn:aws:bedrock:us-east-1:000000000000:guardrail-profile/eu.guardrail.v1:0"],
)
def test_an_encrypted_guardrail_with_a_profile(profile: str) -> None:
    """Callers may use the guardrail's profile in every region that it leads to, and decrypt with its key."""
    guardrail = ExistingGuardrail(identifier="abc123", version="7", kms_key_arn=KEY, profile=profile)
    stack = synthesised(guardrail=guardrail)
    for role in ("ChatFunction", "JobWorker"):
        use = role_statements(stack, role)[-1]
        profiles = "arn:aws:bedrock:*:000000000000:guardrail-profile/eu.guardrail.v1:0"
        assert use == allow(["bedrock:ApplyGuardrail"], sorted([GUARDRAIL, profiles]))
        assert kms_statements(stack, role) == [{"Action": "kms:Decrypt", "Effect": "Allow", "Resource": KEY}]


def test_an_own_guardrails_key_and_profile() -> None:
    """Those of the stack's own guardrail are in its policy."""
    profile = "arn:aws:bedrock:us-east-1:000000000000:guardrail-profile/us.guardrail.v1:0"
    cross_region = {"guardrailProfileIdentifier": profile}
    policy = {**guardrail_policy.default(), "kmsKeyId": KEY, "crossRegionConfig": cross_region}
    stack = stack_of(changed("prod", upstream={"auth": "sigv4"}, guardrail=OwnGuardrail(policy=policy)))
    assert stack.one("AWS::Bedrock::Guardrail")["KmsKeyArn"] == KEY
    used = role_statements(stack, "ChatFunction")[-1]["Resource"]
    assert "arn:aws:bedrock:*:000000000000:guardrail-profile/us.guardrail.v1:0" in used
    assert kms_statements(stack, "JobWorker")[0]["Resource"] == KEY


def test_the_keys_user_may_decrypt() -> None:
    """The policy for the API key's user has the same; a guardrail of another account has its profile there."""
    there = GUARDRAIL.replace("000000000000", "123456789012")
    environment = changed(
        "prod",
        region=EAST,
        models=[{"name": "fast", "targets": list(TARGETS)}],
        guardrail=ExistingGuardrail(
            identifier=there, version="7", kms_key_arn=KEY, profile="us.guardrail.v1:0"
        ),
        guardrails={WEST: {"identifier": "def456", "version": "1", "kms_key_arn": OTHER_KEY}},
    )
    policy = stack_of(environment).one("AWS::IAM::ManagedPolicy")
    statements = as_text_each(policy["PolicyDocument"]["Statement"])
    (use,) = (one for one in statements if one["Action"] == "bedrock:ApplyGuardrail")
    assert "arn:aws:bedrock:*:123456789012:guardrail-profile/us.guardrail.v1:0" in use["Resource"]
    (decrypt,) = (one for one in statements if one["Action"] == "kms:Decrypt")
    assert decrypt["Resource"] == sorted([KEY, OTHER_KEY])
