"""Checks text with Bedrock's ApplyGuardrail: what Converse leaves out.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from chat_gateway.bedrock.client import RefusedCredentialsError
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import (
    GatewayError,
    InvalidRequestError,
    UpstreamAccessError,
    UpstreamCredentialsError,
    UpstreamError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)

if TYPE_CHECKING:
    from chat_gateway.bedrock.auth import UpstreamAuth
    from chat_gateway.bedrock.client import BedrockClient, UpstreamAnswer

INPUT, OUTPUT = "INPUT", "OUTPUT"
_INTERVENED, _NOTHING = "GUARDRAIL_INTERVENED", "NONE"
_BLOCKED, _MASKED = "BLOCKED", "ANONYMIZED"
# A call takes 25,000 to 1,000,000 characters, by region, tier and account, so the smallest is tried only after a refusal.
_PIECE_CHARACTERS = 25_000
# A custom word has at most 100 characters; personal data and patterns are shorter than this, as a rule:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GuardrailWordConfig.html
_OVERLAP_CHARACTERS = 1_000
_MAX_PIECES = 40
_MOST_CHARACTERS = _MAX_PIECES * (_PIECE_CHARACTERS - _OVERLAP_CHARACTERS) + _OVERLAP_CHARACTERS
_CANNOT_MASK = "The guardrail masks a part of this conversation that has to stay as it is."
_NO_MESSAGE = "The guardrail blocks a part of this conversation."
_WAITS_S = (0.2, 0.6)


class Verdict(NamedTuple):
    """What the guardrail says of some texts.

    `message`: the guardrail's text if it blocks, else None. `texts`: the texts, masked where the guardrail masks them.
    `assessments`: what it found, for the trace.
    """

    message: str | None
    texts: list[str]
    assessments: list[dict[str, Any]]
    bedrock_request_id: str | None

    @property
    def is_masked(self) -> bool:
        """Whether the guardrail acted without blocking."""
        return self.message is None and bool(_acts(self.assessments))


class GuardrailUnavailableError(GatewayError):
    """The guardrail could not check a part of an answer, which is therefore not released."""

    status = HTTPStatus.BAD_GATEWAY
    code = "guardrail_unavailable"
    should_retry: bool | None = False  # the answer has been paid for, and the next one would be, too
    loses_answer = True

    def __init__(self, *, bedrock_request_id: str | None) -> None:
        super().__init__("The guardrail could not check the answer.", bedrock_request_id=bedrock_request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardrailChecks:
    """Checks with one guardrail for one request. Methods raise GatewayError, and `input` RefusedCredentialsError."""

    bedrock: BedrockClient
    identifier: str
    version: str
    auth: UpstreamAuth
    deadline: float
    sleep: Callable[[float], None] = time.sleep

    def input(self, texts: Sequence[str]) -> Verdict:
        """The verdict on texts that go to the model."""
        return self._verdict(INPUT, list(texts))

    def output(self, texts: Sequence[str]) -> Verdict:
        """The verdict on texts that the model generated. It is asked for again after a passing failure.

        Raises GuardrailUnavailableError, UpstreamAccessError and UpstreamCredentialsError, after which the model must not
        be asked again.
        """
        for wait_s in (*_WAITS_S, None):
            try:
                return self._verdict(OUTPUT, list(texts))
            except RefusedCredentialsError as refused:
                raise _refusal(refused) from None
            except GatewayError as error:
                if wait_s is None or not _may_pass(error):
                    raise GuardrailUnavailableError(bedrock_request_id=error.bedrock_request_id) from error
            self.sleep(wait_s)
        raise AssertionError("the last wait is None")

    def _verdict(self, source: str, texts: list[str]) -> Verdict:
        try:
            return self._asked(source, texts)
        except UpstreamError as error:
            if not _is_size_refusal(error):
                raise
        return self._in_pieces(source, texts)

    def _in_pieces(self, source: str, texts: list[str]) -> Verdict:
        """The worst verdict on overlapping pieces. A masked piece counts as a block: the pieces have no place to go to."""
        text = "\n".join(texts)
        if len(text) > _MOST_CHARACTERS:
            raise InvalidRequestError(
                f"The tools, tool results and arguments have more than {_MOST_CHARACTERS} characters, "
                "which the guardrail cannot check.",
                code="context_too_large_for_guardrail",
            )
        verdict = Verdict(None, texts, [], None)
        for piece in _pieces(text):
            found = self._asked(source, [piece])
            message = _CANNOT_MASK if found.is_masked else found.message
            verdict = Verdict(
                message, texts, verdict.assessments + found.assessments, found.bedrock_request_id
            )
            if message is not None:
                return verdict
        return verdict

    def _asked(self, source: str, texts: list[str]) -> Verdict:
        content = json.dumps({"source": source, "content": [{"text": {"text": text}} for text in texts]})
        accepting = {"accept": "application/json"}
        path = f"/guardrail/{quote(self.identifier, safe='')}/version/{quote(self.version, safe='')}/apply"
        # The check of an answer is not hurried, because the answer has been paid for.
        bedrock = self.bedrock if source == INPUT else self.bedrock.unhurried
        url = bedrock.url.copy_with(raw_path=path.encode("ascii"))
        with contextlib.closing(
            bedrock.ask(content.encode(), self.auth, accepting, self.deadline, url=url)
        ) as answer:
            return _read(answer, bedrock.gathered(answer), texts)


def _refusal(refused: RefusedCredentialsError) -> GatewayError:
    """The error for credentials that are refused after the model has answered."""
    kind = UpstreamAccessError if refused.lacks_access else UpstreamCredentialsError
    error = kind(refused.detail, bedrock_request_id=refused.bedrock_request_id)
    error.loses_answer = True
    return error


def cannot_mask(verdict: Verdict) -> Verdict:
    """The block that stands for a mask which cannot be applied."""
    return verdict._replace(message=_CANNOT_MASK)


def _read(answer: UpstreamAnswer, content: bytes, texts: list[str]) -> Verdict:
    """The verdict in an answer; a block if the answer contradicts itself. Raises UpstreamProtocolError for any other one."""
    try:
        document = foreign_json.loads(content)
    except ValueError:
        document = None
    action = document.get("action") if isinstance(document, dict) else None
    if not isinstance(document, dict) or action not in (_INTERVENED, _NOTHING):
        raise UpstreamProtocolError(
            "The guardrail's answer is not a verdict.", bedrock_request_id=answer.bedrock_request_id
        )
    assessments = [found for found in _list(document.get("assessments")) if isinstance(found, dict)]
    acts = _acts(assessments)
    if action == _NOTHING and not acts:
        return Verdict(None, texts, assessments, answer.bedrock_request_id)
    outputs = [output.get("text") for output in _list(document.get("outputs")) if isinstance(output, dict)]
    written = [text for text in outputs if isinstance(text, str)]
    if action == _INTERVENED and acts == {_MASKED}:
        verdict = Verdict(None, written, assessments, answer.bedrock_request_id)
        # One output for each text, or it is not known which text is which.
        return verdict if len(written) == len(texts) else cannot_mask(verdict._replace(texts=texts))
    # Of other texts it is not known whether they are the guardrail's message.
    message = written[0] if _BLOCKED in acts and written else _NO_MESSAGE
    return Verdict(message, texts, assessments, answer.bedrock_request_id)


def _acts(assessments: list[dict[str, Any]]) -> set[str]:
    """What the guardrail did about its findings, at any depth; nothing if it only reports them."""
    waiting: list[Any] = [*assessments]
    found: set[str] = set()
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            if isinstance(action := inner.get("action"), str) and action != _NOTHING:
                found.add(action)
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
    return found


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_size_refusal(error: UpstreamError) -> bool:
    """Whether the text is too large for one call. AWS answers 429 or 400, and speaks of text units."""
    refuses = error.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_REQUEST)
    return refuses and "text unit" in error.message.lower()


def _may_pass(error: GatewayError) -> bool:
    """Whether the same check may succeed now. After a timeout there is no time left, or too little."""
    if isinstance(error, UpstreamTimeoutError):
        return False
    return error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _pieces(text: str) -> list[str]:
    step = _PIECE_CHARACTERS - _OVERLAP_CHARACTERS
    return [
        text[start : start + _PIECE_CHARACTERS]
        for start in range(0, max(len(text) - _OVERLAP_CHARACTERS, 1), step)
    ]
