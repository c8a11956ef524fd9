"""The bypasses of the guardrail by a model name: which target answers, and what each region's stand-in may have got."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import httpx

from local.stack.local_stack import LocalStack
from tests.e2e import bypass_checks
from tests.e2e.conftest import MODEL
from tests.e2e.converse_bypasses import CLAUDE
from tests.e2e.guardrail_bypasses import BLOCKED, Bypass
from tests.e2e.named_models import (
    ELSEWHERE_FIRST,
    ELSEWHERE_LAST,
    NATIVE_FIRST,
    Fresh,
    Name,
    guardrail_of,
)
from tests.e2e.other_region import OtherRegion
from tests.e2e.standin import StandinControl

_GONE = {"status": 404, "message": "This model version has reached the end of its life."}


class Way(NamedTuple):
    """What answers: a target of this kind of name, the second one if the first one is gone."""

    name: str
    kind: str
    first_is_gone: bool

    @property
    def is_native(self) -> bool:
        """Whether chat completions answer, and not Converse."""
        return not self.first_is_gone


NATIVE = (
    Way("by chat completions", NATIVE_FIRST, first_is_gone=False),
    Way("by chat completions elsewhere", ELSEWHERE_FIRST, first_is_gone=False),
)
CONVERSE = (
    Way("by Converse", NATIVE_FIRST, first_is_gone=True),
    Way("by Converse elsewhere", ELSEWHERE_LAST, first_is_gone=True),
)


@dataclass(frozen=True)
class Answering:
    """A name of which one target answers. `guardrails`: each stand-in's control, and its region's own guardrail."""

    name: Name
    way: Way
    guardrails: tuple[tuple[StandinControl, str], ...]

    def forget(self) -> None:
        """Resets the stand-ins' counters and requests."""
        for control, _ in self.guardrails:
            control.reset()

    def ignore_guardrails(self, *, ignored: bool) -> None:
        """Makes both stand-ins ignore guardrails, or apply them again."""
        for control, _ in self.guardrails:
            control.treat_guardrail_headers(ignored=ignored)
            control.treat_apply_guardrail(ignored=ignored)

    def requests(self) -> list[dict[str, Any]]:
        """The requests of both stand-ins. Asserts that none was answered by a model or had another guardrail."""
        requests: list[dict[str, Any]] = []
        for control, guardrail in self.guardrails:
            got = control.requests()
            assert not any(request["generated"] for request in got)
            assert {guardrail_of(request) for request in got} <= {guardrail}
            requests += got
        return requests


@contextmanager
def answering(stack: LocalStack, elsewhere: OtherRegion, fresh: Fresh, way: Way) -> Iterator[Answering]:
    """A new name. While the block runs, its first target is gone, if that is wanted."""
    with ExitStack() as entered:
        standin = entered.enter_context(StandinControl(stack.standin_url))
        name = fresh(way.kind)
        if way.first_is_gone:
            entered.enter_context(standin.failing(name.first, _GONE))
        own = ((standin, stack.guardrail_identifier), (elsewhere.standin, elsewhere.guardrail.identifier))
        yield Answering(name, way, own)


@contextmanager
def caller(stack: LocalStack) -> Iterator[httpx.Client]:
    """Plain HTTP with the client's key, relative to the stage. One for many requests: a client takes long to make."""
    headers = {"authorization": f"Bearer {stack.api_key}", "content-type": "application/json"}
    base_url = stack.base_url.removesuffix("/openai/v1")
    with httpx.Client(base_url=base_url, headers=headers, timeout=30, trust_env=False) as client:
        yield client


def by_name(bypass: Bypass, name: Name) -> Bypass:
    """The same request by a name."""
    document = bypass.body.decode("utf-8", "surrogateescape")
    for model in (MODEL, CLAUDE):
        document = document.replace(f'"{model}"', f'"{name.name}"')
    return replace(bypass, body=document.encode("utf-8", "surrogateescape"))


def try_over_http(bypass: Bypass, http: httpx.Client, answering: Answering, *, is_streamed: bool) -> None:
    """Asserts that the bypass by name ends in a block or a refusal, and what each stand-in got."""
    answering.forget()
    answer = bypass_checks.sent(by_name(bypass, answering.name), http, is_streamed=is_streamed)
    check(bypass, answer.status_code, answer.text, answering)


def check(bypass: Bypass, status: int, text: str, answering: Answering) -> None:
    """Asserts the answer, that no model was asked, and that each request had the guardrail of its own region."""
    got = answering.requests()
    if status == 200:
        assert bypass.gets == BLOCKED, text
        assert got, text
        assert '"content_filter"' in text.replace("'", '"')
        assert f'"{answering.name.name}"' in text
    elif answering.way.is_native:
        assert (status, got) == (bypass_checks.STATUS[bypass.gets], []), text
    else:
        assert 400 <= status < 500, text  # Converse may refuse what chat completions block
