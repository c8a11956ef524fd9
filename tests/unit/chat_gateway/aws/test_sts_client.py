"""AssumeRole over a real socket: a signed form, and errors by AWS's names."""

from __future__ import annotations

import contextlib
import math
import re
import socket
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.aws.sts_answers import Session
from chat_gateway.aws.sts_client import StsClient
from tests.runtime_api.requests import Request
from tests.unit.chat_gateway.answering_server import AnsweringServer
from tests.unit.chat_gateway.sts_answers import KEY_ID, error, xml

ENV = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
ROLE = "arn:aws:iam::210987654321:role/bedrock"


class Sts:
    """An STS that gives these answers in turn, the last one for ever."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self._answers = list(answers)

    def __call__(self, request: Request, connection: socket.socket) -> bytes:
        status, body = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


@contextlib.contextmanager
def client(*answers: tuple[int, bytes]) -> Iterator[tuple[StsClient, AnsweringServer]]:
    with AnsweringServer(Sts(*answers)) as server:
        settings = AwsSettings("eu-west-1", "amazonaws.com", f"http://{server.address}")
        with contextlib.closing(StsClient(settings, env=ENV)) as sts:
            yield sts, server


def assumed(sts: StsClient, external_id: str | None = None) -> Session:
    return sts.assume_role(ROLE, session_name="gateway-api", external_id=external_id, ends_at=math.inf)


@pytest.mark.parametrize("external_id", [None, "a+b/c=d@e"])
def test_the_call(external_id: str | None) -> None:
    """The call is a form that the function's own credentials sign, for STS in the function's region."""
    with client((200, xml())) as (sts, server):
        assert assumed(sts, external_id).credentials.access_key_id == KEY_ID
    (request,) = server.requests
    assert request.line == "POST /"
    given = {} if external_id is None else {"ExternalId": [external_id]}
    assert parse_qs(request.body.decode(), strict_parsing=True) == {
        "Action": ["AssumeRole"],
        "Version": ["2011-06-15"],
        "RoleArn": [ROLE],
        "RoleSessionName": ["gateway-api"],
        **given,
    }
    authorization = request.header("authorization") or ""
    assert re.search(r"Credential=AKID/[0-9]{8}/eu-west-1/sts/aws4_request", authorization)
    assert request.header("x-amz-security-token") == "token"


def test_the_regions_endpoint() -> None:
    """STS is asked in the function's own region."""
    assert StsClient(AwsSettings("eu-west-1", "amazonaws.com"))._host == "sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("passing", [(500, b""), (400, error("Throttling")), (200, b"<html>")])
def test_a_passing_failure(passing: tuple[int, bytes]) -> None:
    """A server error, throttling and an answer that cannot be read are tried again."""
    with client(passing, (200, xml())) as (sts, server):
        assert assumed(sts).credentials.access_key_id == KEY_ID
    assert len(server.requests) == 2


@pytest.mark.parametrize(("body", "code"), [(error("AccessDenied"), "AccessDenied"), (b"", "403")])
def test_a_refusal(body: bytes, code: str) -> None:
    """A refusal is not tried again."""
    with client((403, body)) as (sts, server):
        with pytest.raises(AwsCallError) as caught:
            assumed(sts)
        assert (caught.value.code, caught.value.is_passing) == (code, False)
    assert len(server.requests) == 1
