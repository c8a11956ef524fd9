"""The documented program that signs requests, in place of sending a key."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import documents

BASE_URL = "https://abc123.execute-api.eu-west-1.amazonaws.com/dev/openai/v1"
PRESIGNED = "https://files.s3.eu-west-1.amazonaws.com/file-1?X-Amz-Signature=0123"
OF_A_SIGNATURE = {"authorization", "x-amz-date", "x-amz-security-token"}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the program in docs/deploying.md, after it ran with a role's credentials."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        monkeypatch.setenv(f"AWS_{name}", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("BASE_URL", BASE_URL)
    (code,) = (code for code in documents.code("docs/deploying.md", "python") if "SigV4Auth" in code)
    file = tmp_path / "program.py"
    file.write_text(code)
    return runpy.run_path(str(file))


def test_redirect_to_s3_has_no_signature(program: dict[str, Any]) -> None:
    """The gateway gets a signature. S3 gets none of its headers: it refuses a presigned URL with others than its own.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        at_gateway = str(request.url).startswith(BASE_URL)
        return httpx.Response(302, headers={"location": PRESIGNED}) if at_gateway else httpx.Response(200)

    hooks = program["client"]._client.event_hooks
    with httpx.Client(
        transport=httpx.MockTransport(answer), event_hooks=hooks, follow_redirects=True
    ) as http:
        client = program["client"].with_options(http_client=http)
        client.files.content("file-1")
    program["client"].close()
    to_gateway, to_s3 = sent
    assert to_gateway.headers.keys() >= OF_A_SIGNATURE
    assert to_gateway.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert str(to_s3.url) == PRESIGNED
    assert not to_s3.headers.keys() & OF_A_SIGNATURE
