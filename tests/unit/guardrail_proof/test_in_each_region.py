"""Bedrock is asked in each region, on each route that targets there have, and by models of that region."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import moto
import pytest

from guardrail_proof import at_bedrock, bedrock_call
from guardrail_proof.bedrock_call import Answer, Bedrock
from guardrail_proof.in_each_region import in_each_region
from guardrail_proof.plan import Plan, Region
from guardrail_proof.settings import Gateway

GATEWAY = Gateway(
    base_url="https://gateway.test/openai/v1",
    clients_table="clients",
    jobs_queue_url="jobs",
    job_records_table="records",
    model="m",
    canary="canary",
    bedrock_base_url="https://own.test/openai/v1",
)
WEST = Region(
    "us-west-2", "https://west.test/openai/v1", ("abc", "4"), {"native": "m-west", "converse": "c-west"}
)
EAST = Region("us-east-2", "https://east.test/openai/v1", ("def", "1"), {"converse": "c-east"})
PLAN = Plan(names=("fast",), untried=("slow",), models={"native": "m-own"}, regions=(WEST, EAST))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Bedrock, str, tuple[str, str]]]:
    """What is asked. Bedrock refuses each guardrail that is not one of the plan, and blocks the canary."""
    asked: list[tuple[Bedrock, str, tuple[str, str]]] = []

    def ask(bedrock: Bedrock, prompt: str, guardrail: tuple[str, str]) -> Answer:
        asked.append((bedrock, prompt, guardrail))
        if guardrail != bedrock.guardrail:
            return Answer(400, "no such guardrail")
        block = '{"id": "bedrock-guardrails-1"}', '{"stopReason": "guardrail_intervened"}'
        return Answer(200, block[bedrock.route == "converse"])

    monkeypatch.setattr(bedrock_call, "ask", ask)
    return asked


def prove(gateway: Gateway, session: boto3.Session) -> list[str]:
    return [str(probe) for probe in in_each_region(gateway, session, signs_as_function=False)]


def test_each_region_and_route_is_tried(
    session: boto3.Session, asked: list[tuple[Bedrock, str, tuple[str, str]]]
) -> None:
    """In the own region a guardrail that does not exist, elsewhere the canary, too."""
    assert prove(GATEWAY._replace(plan=PLAN), session) == [
        f"ok    {at_bedrock.NAME}",
        f"ok    {at_bedrock.NAME} in us-west-2",
        "ok    the canary, at Bedrock in us-west-2",
        f"ok    {at_bedrock.NAME} in us-west-2, by Converse",
        "ok    the canary, at Bedrock in us-west-2, by Converse",
        f"ok    {at_bedrock.NAME} in us-east-2, by Converse",
        "ok    the canary, at Bedrock in us-east-2, by Converse",
    ]
    places = {(one.base_url, one.region, one.model) for one, _, _ in asked}
    assert places == {
        ("https://own.test/openai/v1", None, "m"),
        ("https://west.test/openai/v1", "us-west-2", "m-west"),
        ("https://west.test/openai/v1", "us-west-2", "c-west"),
        ("https://east.test/openai/v1", "us-east-2", "c-east"),
    }
    under = {(one.region, guardrail) for one, prompt, guardrail in asked if "canary" in prompt}
    assert under == {("us-west-2", ("abc", "4")), ("us-east-2", ("def", "1"))}


@pytest.mark.parametrize("model", ["fast", "slow"])
@pytest.mark.parametrize(
    ("models", "place"),
    [
        ({"native": "m-own", "converse": "c-own"}, ("native", "m-own")),
        ({"converse": "c-own"}, ("converse", "c-own")),
    ],
)
def test_bedrock_is_asked_for_a_model_and_not_for_a_name(
    session: boto3.Session,
    asked: list[tuple[Bedrock, str, tuple[str, str]]],
    model: str,
    models: dict[str, str],
    place: tuple[str, str],
) -> None:
    """If the proof's model is a name, a target's model in the own region is asked for, of chat completions if there is one."""
    plan = PLAN._replace(models=models, regions=())
    assert len(prove(GATEWAY._replace(model=model, plan=plan), session)) == 1
    ((own, _, _),) = asked
    assert (own.route, own.model) == place


def test_names_may_have_no_model_in_the_own_region(
    session: boto3.Session, asked: list[tuple[Bedrock, str, tuple[str, str]]]
) -> None:
    """Then nothing is shown of the own region."""
    plan = PLAN._replace(models={}, regions=())
    (line,) = prove(GATEWAY._replace(model="fast", plan=plan), session)
    assert line == f"-     {at_bedrock.NAME}: not shown (no name has a model in the gateway's own region)"
    assert asked == []


def test_a_key_that_cannot_be_read_shows_nothing(session: boto3.Session) -> None:
    """If the key cannot be read, the line says so and does not fail."""
    unknown = "arn:aws:secretsmanager:us-east-1:123456789012:secret:no"
    (line,) = prove(GATEWAY._replace(plan=PLAN, secret_arn=unknown), session)
    assert line == f"-     {at_bedrock.NAME}: not shown (ResourceNotFoundException)"


def test_a_secret_without_a_key_shows_nothing(session: boto3.Session) -> None:
    """The secret's text is never printed."""
    secret = session.client("secretsmanager").create_secret(Name="key", SecretString='{"key": "SECRET"}')
    (line,) = prove(GATEWAY._replace(secret_arn=secret["ARN"]), session)
    assert line == f"-     {at_bedrock.NAME}: not shown (ValueError)"


def test_without_the_endpoint_nothing_is_asked(session: boto3.Session) -> None:
    """A stack of an earlier version does not tell it."""
    assert prove(GATEWAY._replace(bedrock_base_url=None), session) == []
