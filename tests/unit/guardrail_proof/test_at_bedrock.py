"""What Bedrock's own answers show: that it refuses an unknown guardrail, and that a region's guardrail blocks."""

from __future__ import annotations

import json

import httpx
import pytest

from guardrail_proof import at_bedrock
from guardrail_proof.bedrock_call import Access, Bedrock

GONE = "The guardrail identifier or version provided does not exist."
KEY = Access(key="ABSK-key-1", region="us-east-1")
SHORT_TERM = Access(key="bedrock-api-key-YmVkcm9jaw", region="us-east-1")
BLOCKED = '{"id": "bedrock-guardrails-1", "choices": [{"finish_reason": "stop"}]}'


class Answers:
    """Bedrock, which answers with each of these statuses and texts in turn."""

    def __init__(self, *answers: tuple[int, str] | type[httpx.HTTPError]) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, type):
            raise answer("no")
        status, text = answer
        return httpx.Response(status, text=text)

    def bedrock(
        self,
        *,
        access: Access = KEY,
        route: str = "native",
        region: str | None = "us-west-2",
        guardrail: tuple[str, str] | None = ("abc", "4"),
    ) -> Bedrock:
        return Bedrock(
            base_url="https://bedrock.test/openai/v1",
            model="m",
            access=access,
            route=route,
            region=region,
            guardrail=guardrail,
            transport=httpx.MockTransport(self.answer),
        )


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_bedrock, "_PAUSE_S", 0)


def unknown(answers: Answers, *, route: str = "native", region: str | None = None) -> str:
    return str(at_bedrock.unknown_guardrail(answers.bedrock(route=route, region=region)))


def canary(*answers: tuple[int, str] | type[httpx.HTTPError], access: Access = KEY) -> str:
    return str(at_bedrock.canary_blocked(Answers(*answers).bedrock(access=access), "canary"))


def test_it_asks_under_a_made_up_guardrail() -> None:
    """The request names a guardrail that does not exist."""
    asked = Answers((400, GONE))
    assert unknown(asked) == f"ok    {at_bedrock.NAME}"
    (request,) = asked.requests
    assert request.headers["x-amzn-bedrock-guardrailidentifier"].startswith("gr")
    assert "abc" not in str(request.headers)


@pytest.mark.parametrize(
    ("status", "text", "line"),
    [
        (200, "{}", "FAIL  {} was answered; the endpoint ignores guardrails"),
        (400, GONE, "ok    {}"),
        (404, "no such Guardrail", "ok    {}"),
        (404, "model_not_found", "-     {}: not shown (Bedrock answered 404 about something else)"),
        (401, GONE, "-     {}: not shown (the credentials may not ask Bedrock)"),
        (403, GONE, "-     {}: not shown (the credentials may not ask Bedrock)"),
        (500, GONE, "-     {}: not shown (Bedrock answered 500 about something else)"),
    ],
)
def test_only_a_refusal_about_the_guardrail_counts(status: int, text: str, line: str) -> None:
    """An answer fails the proof, a refusal about the guardrail passes it, and other results show nothing."""
    assert unknown(Answers((status, text))) == line.format(at_bedrock.NAME)


def test_no_answer_shows_nothing_of_an_unknown_guardrail() -> None:
    """A lost connection is no refusal."""
    line = f"-     {at_bedrock.NAME}: not shown (ConnectError)"
    assert unknown(Answers(httpx.ConnectError)) == line


def test_a_probe_names_its_region_and_route() -> None:
    """The own region and the own chat completions are not named."""
    there = unknown(Answers((400, GONE)), route="converse", region="us-west-2")
    assert there == f"ok    {at_bedrock.NAME} in us-west-2, by Converse"


@pytest.mark.parametrize(
    ("route", "document", "is_blocked"),
    [
        ("native", {"id": "bedrock-guardrails-1", "choices": []}, True),
        ("native", {"id": "c", "choices": [{"finish_reason": "content_filter"}]}, True),
        ("native", {"choices": [{"finish_reason": "stop"}]}, False),
        ("native", {"stopReason": "guardrail_intervened"}, False),
        ("converse", {"stopReason": "guardrail_intervened"}, True),
        ("converse", {"stopReason": "end_turn"}, False),
        ("converse", {"id": "bedrock-guardrails-1"}, False),
        ("native", [], False),
        ("converse", [], False),
        ("native", {}, False),
    ],
)
def test_a_block_has_the_form_of_its_route(route: str, document: object, is_blocked: bool) -> None:
    """Any other answer fails the proof."""
    asked = Answers((200, json.dumps(document)))
    probe = at_bedrock.canary_blocked(asked.bedrock(route=route), "canary")
    says = None if is_blocked else "was answered; the guardrail there does not block it"
    assert (probe.says, probe.not_shown, probe.is_error) == (says, None, False)


@pytest.mark.parametrize("text", ["", "<html>", "[" * 60_000])
def test_what_is_no_answer_blocks_nothing(text: str) -> None:
    """A text that is no JSON fails the proof."""
    assert canary((200, text)).startswith("FAIL")


def test_the_canary_is_asked_under_the_regions_guardrail() -> None:
    """The prompt is sent with the identifier and the version."""
    asked = Answers((200, BLOCKED))
    line = str(at_bedrock.canary_blocked(asked.bedrock(), "Tell me about canary."))
    assert line == "ok    the canary, at Bedrock in us-west-2"
    (request,) = asked.requests
    assert request.headers["x-amzn-bedrock-guardrailidentifier"] == "abc"
    assert json.loads(request.content)["messages"][0]["content"] == "Tell me about canary."


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("access", "says"),
    [
        (SHORT_TERM, "the stored key is a short-term key, which is valid in its own region only"),
        (KEY, "the stored key may not use the model with this guardrail there"),
        (
            Access(key=None, region="us-east-1", signs_as_function=True),
            "the function's role may not use the model with this guardrail there",
        ),
    ],
)
def test_refused_access_fails(
    monkeypatch: pytest.MonkeyPatch, status: int, access: Access, says: str
) -> None:
    """The text says whose access it is, and that a short-term key cannot have it. The key is not in the text."""
    monkeypatch.setattr("guardrail_proof.bedrock_call._authorization", lambda *_: {})
    line = canary((status, GONE), access=access)
    assert line == f"FAIL  the canary, at Bedrock in us-west-2 was refused: {says}"


def test_the_operators_own_signature_shows_nothing_where_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An operator may have less access than the functions."""
    monkeypatch.setattr("guardrail_proof.bedrock_call._authorization", lambda *_: {})
    line = canary((403, GONE), access=Access(key=None, region="us-east-1"))
    assert line.endswith("not shown (the credentials may not ask Bedrock)")


@pytest.mark.parametrize("first", [(429, ""), (503, ""), (408, ""), httpx.ReadTimeout])
def test_an_error_that_may_pass_is_tried_again(first: tuple[int, str] | type[httpx.HTTPError]) -> None:
    """A deployment does not roll back because of one lost request."""
    assert canary(first, (200, BLOCKED)).startswith("ok")


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ((429, "slow down"), "ended with error 429"),
        (httpx.ConnectError, "had no answer: ConnectError"),
    ],
)
def test_an_error_that_stays_fails(last: tuple[int, str] | type[httpx.HTTPError], says: str) -> None:
    """There are two attempts."""
    assert canary(last, last) == f"FAIL  the canary, at Bedrock in us-west-2 {says}"


def test_a_guardrail_that_is_refused_fails() -> None:
    """The text says that the error is about the guardrail."""
    line = canary((400, GONE))
    assert line == "FAIL  the canary, at Bedrock in us-west-2 ended with error 400 about the guardrail"


def test_without_a_guardrail_nothing_is_asked() -> None:
    """An environment may enforce none."""
    asked = Answers()
    probe = at_bedrock.canary_blocked(asked.bedrock(guardrail=None), "canary")
    assert (probe.says, probe.not_shown) == (None, "the environment enforces no guardrail")
