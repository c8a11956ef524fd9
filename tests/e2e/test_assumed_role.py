"""The chat function assumes a role by the emulator's STS, and signs with the credentials that it gets."""

from __future__ import annotations

import contextlib
import json
import math

import boto3

from chat_gateway.aws.settings import AwsSettings
from chat_gateway.aws.sts_client import StsClient
from local.aws.environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from local.stack.local_stack import LocalStack
from tests.e2e.standin import StandinControl
from tests.e2e.test_signed_upstream import signing

ROLE = "arn:aws:iam::210987654321:role/bedrock-for-gateway"
OWN = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}


def test_the_session_is_the_roles(stack: LocalStack) -> None:
    """The credentials are those of the role in its account, in a session of the function's name."""
    aws = AwsSettings(stack.region, "amazonaws.com", stack.aws_endpoint_url)
    with contextlib.closing(StsClient(aws, env=OWN)) as client:
        session = client.assume_role(ROLE, session_name="gateway-api", external_id="ours", ends_at=math.inf)
    found = session.credentials
    sts = boto3.client(
        "sts",
        region_name=stack.region,
        endpoint_url=stack.aws_endpoint_url,
        aws_access_key_id=found.access_key_id,
        aws_secret_access_key=found.secret_access_key,
        aws_session_token=found.session_token,
    )
    expected = "arn:aws:sts::210987654321:assumed-role/bedrock-for-gateway/gateway-api"
    assert sts.get_caller_identity()["Arn"] == expected


def test_the_function_signs_with_it(stack: LocalStack, standin: StandinControl) -> None:
    """Bedrock gets the session's signature. The stand-in does not know its key, so the refusal names the assumed role."""
    with signing(stack, UPSTREAM_ROLE_ARN=ROLE) as function:
        head, body = function.ask("one two", stream=False)
        log = function.process.stdout
    assert (head["statusCode"], json.loads(body)["error"]["code"]) == (503, "upstream_credentials_invalid")
    (seen,) = standin.requests()
    assert seen["headers"]["x-amz-security-token"] == "present"
    (line,) = [json.loads(text) for text in log.splitlines()]
    assert line["reason"].startswith("Bedrock refused the assumed role: ")
    assert "the security token is invalid" in line["reason"]
