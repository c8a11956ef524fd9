"""Guardrails on chat completions: the text that they check, and the answer after an intervention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask, FakeGuardrails

CONFIG = "amazon-bedrock-guardrailConfig"
TAG = "amazon-bedrock-guardrails-guardContent_x1"


def generations(client: TestClient) -> int:
    return int(client.get("/_standin/counters").json()["generations"])


def test_a_blocked_input_never_reaches_the_generator(
    ask: Ask, client: TestClient, guarded: dict[str, str]
) -> None:
    answer = ask("forbidden", headers=guarded).json()
    assert re.fullmatch(r"bedrock-guardrails-[0-9a-f]{8}", answer["id"])
    assert answer["choices"][0] == {
        "finish_reason": "content_filter",
        "index": 0,
        "message": {"content": "INPUT blocked", "role": "assistant"},
    }
    assert answer["usage"] == {"completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0}
    assert answer["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert generations(client) == 0


def test_the_trace_names_the_guardrail_and_the_reason(ask: Ask, guarded: dict[str, str]) -> None:
    trace = ask("forbidden", headers=guarded).json()["amazon-bedrock-trace"]
    assert trace == {
        "guardrail": {
            "actionReason": "Guardrail blocked.",
            "input": {"gr-1": {"wordPolicy": {"action": "BLOCKED"}}},
        }
    }


@pytest.mark.parametrize("trace", ["DISABLED", None])
def test_no_trace_unless_asked_for(ask: Ask, guarded: dict[str, str], trace: str | None) -> None:
    headers = {name: value for name, value in guarded.items() if name != "x-amzn-bedrock-trace"}
    answer = ask("forbidden", headers=headers | ({"x-amzn-bedrock-trace": trace} if trace else {})).json()
    assert "amazon-bedrock-trace" not in answer


def test_masked_input_is_what_the_generator_sees(ask: Ask, guarded: dict[str, str]) -> None:
    answer = ask("a secret", headers=guarded).json()
    assert answer["choices"][0]["message"]["content"] == "echo: a {SECRET}"
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["amazon-bedrock-guardrailAction"] == "INTERVENED"


def test_masked_output_keeps_its_finish_reason(ask: Ask, guarded: dict[str, str]) -> None:
    text = f"<{TAG}>fine</{TAG}> secret word"
    answer = ask(text, headers=guarded, max_tokens=3, **{CONFIG: {"tagSuffix": "x1"}}).json()
    assert answer["choices"][0]["message"]["content"] == "echo: fine {SECRET}"
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["amazon-bedrock-guardrailAction"] == "INTERVENED"


def test_blocked_output_is_an_intervention(ask: Ask, client: TestClient, guarded: dict[str, str]) -> None:
    answer = ask("badly", headers=guarded).json()
    assert answer["id"].startswith("bedrock-guardrails-")
    assert answer["choices"][0]["message"]["content"] == "OUTPUT blocked"
    assert list(answer["amazon-bedrock-trace"]["guardrail"]) == ["actionReason", "input", "outputs"]
    assert generations(client) == 1


def test_a_guardrail_that_does_nothing_says_none(ask: Ask, guarded: dict[str, str]) -> None:
    assert ask(headers=guarded).json()["amazon-bedrock-guardrailAction"] == "NONE"
    assert "amazon-bedrock-guardrailAction" not in ask().json()


def test_text_of_all_roles_is_evaluated(
    ask: Ask, guarded: dict[str, str], guardrails: FakeGuardrails
) -> None:
    messages = [
        {"role": "system", "content": "one"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "two"},
        {"role": "user", "content": [{"type": "text", "text": "three"}, {"type": "text", "text": " "}]},
    ]
    ask(headers=guarded, messages=messages)
    assert guardrails.asked[0] == ("INPUT", ["one", "two", "three"])


def test_with_a_tag_only_tagged_text_is_evaluated_and_tags_are_stripped(
    ask: Ask, guarded: dict[str, str], guardrails: FakeGuardrails
) -> None:
    text = f"trusted secret <{TAG}>untrusted secret</{TAG}>!"
    ask(text, headers=guarded, **{CONFIG: {"tagSuffix": "x1"}})
    assert guardrails.asked == [
        ("INPUT", ["untrusted secret"]),
        ("OUTPUT", ["echo: trusted secret untrusted {SECRET}!"]),
    ]


def test_a_suffix_without_tags_evaluates_everything(
    ask: Ask, guarded: dict[str, str], guardrails: FakeGuardrails
) -> None:
    ask("plain", headers=guarded, **{CONFIG: {"tagSuffix": "x1"}})
    assert guardrails.asked[0] == ("INPUT", ["plain"])


@pytest.mark.parametrize("config", ["x", *({"tagSuffix": bad} for bad in ("", "a" * 21, "a-b", 1))])
def test_an_ill_formed_guardrail_config_is_400(ask: Ask, guarded: dict[str, str], config: Any) -> None:
    assert ask(headers=guarded, **{CONFIG: config}).status_code == 400


def test_a_guardrail_config_without_a_guardrail_is_400(ask: Ask) -> None:
    assert ask(**{CONFIG: {"tagSuffix": "x1"}}).status_code == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amzn-bedrock-guardrailidentifier", None),
        ("x-amzn-bedrock-guardrailversion", None),
        ("x-amzn-bedrock-guardrailversion", "0"),
        ("x-amzn-bedrock-guardrailversion", "draft"),
        ("x-amzn-bedrock-guardrailidentifier", ""),
        ("x-amzn-bedrock-guardrailidentifier", "gr-unknown"),
        ("x-amzn-bedrock-trace", "yes"),
    ],
)
def test_ill_formed_guardrail_headers_are_400(
    ask: Ask, client: TestClient, guarded: dict[str, str], name: str, value: str | None
) -> None:
    headers = {key: given for key, given in guarded.items() if key != name}
    response = ask(headers=headers | ({name: value} if value is not None else {}))
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "validation_error"
    assert generations(client) == 0


def test_an_unknown_model_is_refused_before_the_guardrail_is_asked(
    ask: Ask, guarded: dict[str, str], guardrails: FakeGuardrails
) -> None:
    assert ask("forbidden", headers=guarded, model="nova").status_code == 404
    assert guardrails.asked == []
