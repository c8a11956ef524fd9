"""Instructor."""

from __future__ import annotations

from typing import Any

import instructor
import pytest
from instructor.core import InstructorRetryException
from openai import OpenAI

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


def client(gateway: Gateway, mode: instructor.Mode = instructor.Mode.TOOLS) -> instructor.Instructor:
    """As docs/using-other-clients.md says."""
    sdk = OpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0)
    return instructor.from_openai(sdk, mode=mode)


def asked(model: str = MODEL) -> dict[str, Any]:
    """The arguments of a request for a person."""
    return {
        "model": model,
        "response_model": samples.Person,
        "messages": [{"role": "user", "content": samples.ABOUT_ALICE}],
    }


@pytest.mark.parametrize("mode", ["TOOLS", "TOOLS_STRICT", "JSON", "MD_JSON"])
def test_structured_output(gateway: Gateway, mode: str) -> None:
    """Each mode gives an object: by a tool, by a strict tool, by JSON mode, or by words."""
    person = client(gateway, instructor.Mode[mode]).create(**asked())
    assert person.model_dump() == samples.ALICE.model_dump()


def test_stream(gateway: Gateway) -> None:
    """A partial object grows until it is complete."""
    *_, last = client(gateway).create_partial(**asked())
    assert last.model_dump() == samples.ALICE.model_dump()


def test_no_model(gateway: Gateway) -> None:
    """Bedrock's 404 for a model is the cause of Instructor's own exception."""
    with pytest.raises(InstructorRetryException, match="model_not_found"):
        client(gateway).create(**asked(NO_MODEL), max_retries=1)
