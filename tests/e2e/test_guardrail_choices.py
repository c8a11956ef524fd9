"""An environment's choices on the deployed functions: callers that override the guardrail, and reduced checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from openai import BadRequestError, OpenAI

from gateway_cli import proof, stack_outputs
from local.aws.guardrail_policy import BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.standin import StandinControl

OWN_WORD = "unobtainium"
IDENTIFIER, VERSION = "X-Amzn-Bedrock-GuardrailIdentifier", "X-Amzn-Bedrock-GuardrailVersion"


@pytest.fixture(scope="module")
def another_guardrail(stack: LocalStack) -> Iterator[dict[str, str]]:
    """The headers that name a guardrail which blocks another word."""
    bedrock = stack.session().client("bedrock")
    made = bedrock.create_guardrail(
        name="another",
        blockedInputMessaging="no",
        blockedOutputsMessaging="no",
        wordPolicyConfig={"wordsConfig": [{"text": OWN_WORD}]},
    )
    yield {IDENTIFIER: made["guardrailId"], VERSION: "DRAFT"}
    bedrock.delete_guardrail(guardrailIdentifier=made["guardrailId"])


@pytest.fixture(scope="module")
def override_allowed(stack: LocalStack) -> Iterator[None]:
    with variables_changed(stack, {"GUARDRAIL_OVERRIDE": "allowed"}):
        yield


def end(client: OpenAI, *prompts: str, headers: dict[str, str] | None = None) -> str:
    """The `finish_reason` of a conversation in which each prompt is a turn of the user."""
    turns = [
        turn
        for prompt in prompts
        for turn in ({"role": "user", "content": prompt}, {"role": "assistant", "content": "Yes?"})
    ]
    completion = client.chat.completions.create(
        model=MODEL,
        messages=turns[:-1],  # type: ignore[arg-type]
        extra_headers=headers,
    )
    return completion.choices[0].finish_reason


@pytest.mark.usefixtures("override_allowed")
def test_override_gets_the_named_guardrail(client: OpenAI, another_guardrail: dict[str, str]) -> None:
    """A caller that may override the guardrail gets the guardrail that it names, and no other."""
    assert end(client, f"Buy {BLOCKED_WORD}") == "content_filter"
    assert end(client, f"Buy {OWN_WORD}") == "stop"
    assert end(client, f"Buy {OWN_WORD}", headers=another_guardrail) == "content_filter"
    assert end(client, f"Buy {BLOCKED_WORD}", headers=another_guardrail) == "stop"


@pytest.mark.usefixtures("override_allowed")
def test_half_a_guardrail_is_bedrocks_error_and_no_unguarded_answer(
    client: OpenAI, standin: StandinControl, another_guardrail: dict[str, str]
) -> None:
    with pytest.raises(BadRequestError):
        end(client, "Hi", headers={IDENTIFIER: another_guardrail[IDENTIFIER]})
    assert standin.counters()["generations"] == 0


@pytest.mark.parametrize(
    ("tagging", "earlier", "latest"),
    [
        ("user_turns", "content_filter", "content_filter"),
        ("latest_user_turn", "stop", "content_filter"),
    ],
)
def test_reduced_checks_see_what_their_name_says(
    stack: LocalStack, client: OpenAI, tagging: str, earlier: str, latest: str
) -> None:
    with variables_changed(stack, {"GUARDRAIL_TAGGING": tagging}):
        assert end(client, f"Buy {BLOCKED_WORD}", "Go on") == earlier
        assert end(client, "Hi", f"Buy {BLOCKED_WORD}") == latest
        spared = client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": f"Never speak of {BLOCKED_WORD}"},
                {"role": "user", "content": "Hi"},
            ],
        )
    assert spared.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(("tagging", "says"), [("user_turns", None), ("off", "must not be blocked")])
def test_the_proof_tells_whether_tags_take_effect(stack: LocalStack, tagging: str, says: str | None) -> None:
    outputs = replace(stack_outputs.read(stack.session(), "local"), tagging="user_turns")
    with variables_changed(stack, {"GUARDRAIL_TAGGING": tagging}):
        probes = {probe.name: probe.says for probe in proof.prove(stack.session(), outputs)}
    of_tags = probes.pop("the canary as the system's, untagged, in one piece")
    assert of_tags is None if says is None else says in str(of_tags)
    assert set(probes.values()) == {None}
