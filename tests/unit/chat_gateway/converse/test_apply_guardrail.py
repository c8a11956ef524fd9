"""Only a clear verdict lets a text pass, and a text that is too large is checked in pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import apply_guardrail
from chat_gateway.converse.apply_guardrail import GuardrailChecks, GuardrailUnavailableError
from chat_gateway.core.errors import (
    GatewayError,
    InvalidRequestError,
    UpstreamAccessError,
    UpstreamCredentialsError,
    UpstreamError,
    UpstreamProtocolError,
)
from tests.unit.chat_gateway.bedrock_calls import TIMEOUTS, bearer, client_for
from tests.unit.chat_gateway.converse_bedrock import (
    BLOCK_MESSAGE,
    INPUT,
    OUTPUT,
    FakeBedrock,
    blocked,
    found,
    masked,
    passed,
    verdict,
)

INTERVENED = "GUARDRAIL_INTERVENED"
TOO_LARGE = "Input is too long: 30 text units, at most 25 text units are allowed."


def checks(
    bedrock: Callable[[httpx.Request], httpx.Response], waits: list[float] | None = None
) -> GuardrailChecks:
    return GuardrailChecks(
        bedrock=client_for(bedrock),
        identifier="arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr",
        version="DRAFT",
        auth=bearer(),
        deadline=float("inf"),
        sleep=([] if waits is None else waits).append,
    )


def refuse(status: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"message": message})


def small_only(largest: int, status: int = 400, check: Any = passed) -> Any:
    """Refuses texts that have more characters together."""
    return lambda source, texts: (
        refuse(status, TOO_LARGE) if sum(map(len, texts)) > largest else check(source, texts)
    )


def test_the_call() -> None:
    """The guardrail's ARN is one segment of the path, and each text one content block."""
    bedrock = FakeBedrock()
    checks(bedrock).input(["a", "b"])
    guardrail = "arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aguardrail%2Fgr"
    assert bedrock.paths == [f"/guardrail/{guardrail}/version/DRAFT/apply"]
    assert bedrock.checked == [(INPUT, ["a", "b"])]


def test_an_answers_check_is_not_hurried() -> None:
    """A target's time to the first byte limits the check of the request, and not that of the answer, which was paid for."""
    seen: list[float] = []

    def noted(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["first_byte"])
        return passed()

    made = checks(noted)
    hurried = replace(made, bedrock=made.bedrock.answering_within(0.5))
    hurried.input(["a"])
    hurried.output(["b"])
    assert seen == [0.5, TIMEOUTS.first_byte_s]


def test_verdicts() -> None:
    """A text passes, or is masked, or is blocked with the configured message."""
    assert checks(FakeBedrock()).input(["SECRET"]).message is None
    assert checks(FakeBedrock(check=blocked)).input(["a"]).message == BLOCK_MESSAGE
    of_masked = checks(FakeBedrock(check=masked)).input(["SECRET", "b"])
    assert (of_masked.message, of_masked.texts, of_masked.is_masked) == (None, ["{WORD}", "b"], True)


def test_a_finding_without_a_consequence() -> None:
    """A guardrail that only detects lets the text pass as it is."""
    detecting = FakeBedrock(check=lambda *_: verdict("NONE", [], found("NONE")))
    of_detected = checks(detecting).input(["SECRET"])
    assert (of_detected.message, of_detected.is_masked, of_detected.texts) == (None, False, ["SECRET"])


@pytest.mark.parametrize(
    "answer",
    [
        verdict(INTERVENED, ["b"], {}),  # nothing says what it did
        verdict(INTERVENED, ["b"]),
        verdict(INTERVENED, ["b"], found("NONE")),
        verdict(INTERVENED, ["b"], found("REPLACED")),  # a new consequence
        verdict(INTERVENED, [], found("BLOCKED")),
        verdict(INTERVENED, [None], found("BLOCKED")),
        verdict(INTERVENED, ["b"], found("ANONYMIZED"), found("BLOCKED")),
        verdict(INTERVENED, [], found("ANONYMIZED")),
        verdict(INTERVENED, ["b", "c"], found("ANONYMIZED")),
        verdict(INTERVENED, [4], found("ANONYMIZED")),
        verdict("NONE", [], found("BLOCKED")),  # a contradiction
        verdict("NONE", ["b"], found("ANONYMIZED")),
    ],
)
def test_a_doubt_blocks(answer: httpx.Response) -> None:
    of_doubt = checks(FakeBedrock(check=lambda *_: answer)).input(["a"])
    assert of_doubt.message
    assert of_doubt.texts == ["a"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"action": null}',
        b'{"action": "ALLOW"}',
        b'{"action": ["NONE"]}',
        b"\xff",
    ],
)
def test_no_verdict(content: bytes) -> None:
    """Another answer is an error."""
    with pytest.raises(UpstreamProtocolError):
        checks(lambda _: httpx.Response(200, content=content)).input(["a"])


JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["NONE", INTERVENED, "BLOCKED", "ANONYMIZED"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["action", "outputs", "assessments", "text", "x"]), inner)
    ),
)


@given(JSON)
def test_any_answer_is_a_verdict_or_an_error(document: Any) -> None:
    """Whatever the answer is, a text passes only if the answer says NONE and holds no consequence."""
    try:
        said = checks(lambda _: httpx.Response(200, json=document)).input(["a"])
    except UpstreamProtocolError:
        return
    if said.message is None and not said.is_masked:
        assert document["action"] == "NONE"
        assert said.texts == ["a"]


@pytest.mark.parametrize("status", [400, 429])
def test_a_large_text_goes_in_pieces(status: int) -> None:
    """After a refusal for size, each piece has 25,000 characters, and repeats the end of the one before."""
    bedrock = FakeBedrock(check=small_only(25_000, status))
    text = "".join(f"{number:07} " for number in range(10_000))
    assert checks(bedrock).input([text]).message is None
    pieces = [texts[0] for _, texts in bedrock.checked[1:]]
    assert [len(piece) for piece in pieces] == [25_000, 25_000, 25_000, 8_000]
    assert all(one[-1_000:] == next_[:1_000] for one, next_ in pairwise(pieces))
    assert pieces[0] + "".join(piece[1_000:] for piece in pieces[1:]) == text


@given(st.integers(1, 200_000), st.integers(1, 100))
def test_every_word_is_whole_in_a_piece(at: int, length: int) -> None:
    """A custom word of up to 100 characters is in one piece, wherever it stands."""
    text = "." * at + "x" * length + "." * 30_000
    assert any("x" * length in piece for piece in apply_guardrail._pieces(text))


def test_the_worst_piece_counts() -> None:
    """A block of one piece is the verdict, and no further piece is asked for."""
    text = "a" * 30_000 + "SECRET" + "a" * 60_000
    bedrock = FakeBedrock(
        check=small_only(25_000, check=lambda _, texts: blocked() if "SECRET" in texts[0] else passed())
    )
    assert checks(bedrock).input([text]).message == BLOCK_MESSAGE
    assert len(bedrock.checked) == 1 + 2


def test_a_masked_piece_is_a_block() -> None:
    """A masked piece has no place to go to."""
    bedrock = FakeBedrock(check=small_only(25_000, check=masked))
    of_masked = checks(bedrock).input(["SECRET" + "a" * 30_000])
    assert of_masked.message
    assert not of_masked.is_masked


def test_too_many_pieces() -> None:
    """A text of more than 40 pieces is the caller's fault, and is not checked in part."""
    bedrock = FakeBedrock(check=small_only(25_000))
    assert checks(bedrock).input(["a" * 961_000]).message is None
    assert len(bedrock.checked) == 1 + 40
    with pytest.raises(InvalidRequestError, match="more than 961000 characters") as caught:
        checks(bedrock).input(["a" * 961_001])
    assert (caught.value.code, len(bedrock.checked)) == ("context_too_large_for_guardrail", 42)


def test_a_throttle_is_not_about_size() -> None:
    """A throttle is an error that is tried again, without pieces."""
    bedrock = FakeBedrock(check=lambda *_: refuse(429, "Too many requests"))
    with pytest.raises(UpstreamError) as caught:
        checks(bedrock).input(["a"])
    assert (caught.value.status, len(bedrock.checked)) == (429, 1)


@pytest.mark.parametrize("failures", [[429], [503, 500], [502]])
def test_an_answer_is_checked_again(failures: list[int]) -> None:
    """After the answer has been paid for, a passing failure of its check is tried again."""
    left, waits = failures.copy(), list[float]()
    bedrock = FakeBedrock(check=lambda *_: refuse(left.pop()) if left else passed())
    assert checks(bedrock, waits).output(["a"]).message is None
    assert len(bedrock.checked) == len(waits) + 1 == len(failures) + 1


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        (lambda: refuse(503), 3),
        (lambda: refuse(400), 1),
        (lambda: refuse(404), 1),
        (lambda: httpx.Response(200, content=b"{}"), 3),
        (lambda: refuse(400, TOO_LARGE), 1 + 1),
    ],
)
def test_an_answer_that_cannot_be_checked(answer: Any, tries: int) -> None:
    """Nothing is released on an error, and SDKs are told not to pay for another answer."""
    bedrock = FakeBedrock(check=lambda *_: answer())
    with pytest.raises(GuardrailUnavailableError) as caught:
        checks(bedrock).output(["a"])
    assert len(bedrock.checked) == tries
    assert caught.value.headers() == {"x-should-retry": "false"}


def test_a_broken_connection_is_no_verdict() -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("lost")

    with pytest.raises(GuardrailUnavailableError):
        checks(broken).output(["a"])


def test_no_try_after_a_timeout() -> None:
    """The waits between tries must not take the time in which the function ends a stream and writes its log line."""
    waits: list[float] = []
    with pytest.raises(GuardrailUnavailableError):
        replace(checks(FakeBedrock(), waits), deadline=0).output(["a"])
    assert waits == []


def test_a_large_answer_is_checked_in_pieces() -> None:
    bedrock = FakeBedrock(check=small_only(25_000))
    assert checks(bedrock).output(["a" * 30_000]).message is None
    assert [source for source, _ in bedrock.checked] == [OUTPUT] * 3


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("User: x is not authorized to perform: bedrock:ApplyGuardrail on y", UpstreamAccessError),
        ("Bearer Token has expired", UpstreamCredentialsError),
    ],
)
def test_refused_after_the_answer(message: str, kind: type[GatewayError]) -> None:
    """A refusal of our credentials is not answered with another generation, and says what is wrong."""
    with pytest.raises(kind) as caught:
        checks(lambda _: httpx.Response(403, json={"Message": message})).output(["a"])
    assert caught.value.loses_answer
