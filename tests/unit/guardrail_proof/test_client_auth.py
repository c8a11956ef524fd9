"""The proof calls as the environment's callers do: with a key, with a signature, or with a given JWT."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from client_keys import key as client_key
from client_keys import table as client_table
from client_keys.item import of_role
from client_keys.principal import NoPrincipalError
from guardrail_proof import over_http, probes, proof, signature
from guardrail_proof.over_http import Endpoint
from guardrail_proof.settings import IAM, JWT, Gateway
from guardrail_proof.signature import NoCredentialsToSignError, SignedRequests
from guardrail_proof.temporary_client import temporary_role
from tests.unit.clients_table import TABLE, items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROLE = "arn:aws:iam::123456789012:role/Prover"
BASE_URL = "https://abc.execute-api.eu-west-1.amazonaws.com/dev/openai/v1"
GATEWAY = Gateway(
    base_url=BASE_URL,
    clients_table=TABLE,
    jobs_queue_url="jobs",
    job_records_table="records",
    model="model",
    canary="canary",
)


class FakeSession:
    """A session of a role, with a table of clients."""

    region_name = "eu-west-1"

    def __init__(self, dynamodb: DynamoDBClient, arn: str = f"{ROLE.replace('iam', 'sts')}/s") -> None:
        self._dynamodb, self._arn = dynamodb, arn.replace(":role/", ":assumed-role/")

    def client(self, name: str) -> Any:
        return self._dynamodb if name == "dynamodb" else self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": self._arn}

    def get_credentials(self) -> Any:
        return boto3.Session("AKIAEXAMPLE", "secret", "token").get_credentials()


def test_signing_client_exists_while_it_is_needed(dynamodb: DynamoDBClient) -> None:
    """With IAM, the role behind the session is a client during the block, and its requests are signed."""
    session: Any = FakeSession(dynamodb)
    with proof._endpoint(GATEWAY._replace(client_auth=IAM), session) as endpoint:
        (item,) = items(dynamodb)
        assert item["key_sha256"] == of_role(ROLE)["key_sha256"]
        assert (item["client_id"], item["role_arn"]) == ({"S": "prove"}, {"S": ROLE})
        assert int(item["expires_at"]["N"]) > time.time()
        assert endpoint.auth is not None
    assert items(dynamodb) == []


def test_given_token_is_sent(dynamodb: DynamoDBClient) -> None:
    """With JWT, the proof sends the given token and makes no client."""
    session: Any = FakeSession(dynamodb)
    with proof._endpoint(GATEWAY._replace(client_auth=JWT), session, "a.b.c") as endpoint:
        assert (endpoint.api_key, endpoint.auth) == ("a.b.c", None)
        assert items(dynamodb) == []


def test_key_is_the_default(dynamodb: DynamoDBClient) -> None:
    """Without client_auth, the proof makes a client with a key."""
    session: Any = FakeSession(dynamodb)
    with proof._endpoint(GATEWAY, session) as endpoint:
        assert client_key.is_well_formed(endpoint.api_key)
        assert len(items(dynamodb)) == 1
    assert items(dynamodb) == []


def test_role_of_a_client_stays(dynamodb: DynamoDBClient) -> None:
    """A role that is a client's calls as that client, and its item is neither changed nor deleted."""
    item = {**of_role(ROLE), "client_id": {"S": "team-a"}, "role_arn": {"S": ROLE}}
    dynamodb.put_item(TableName=TABLE, Item=item)
    with temporary_role(dynamodb, TABLE, "prove", ROLE, lifetime_s=600):
        assert items(dynamodb) == [item]
    assert items(dynamodb) == [item]


def test_what_an_earlier_proof_left_is_replaced(dynamodb: DynamoDBClient) -> None:
    """A proof that was killed leaves its client behind; the next one uses it and deletes it."""
    assert client_table.store_temporary_role(dynamodb, TABLE, "prove", ROLE, expires_at=1)
    with temporary_role(dynamodb, TABLE, "prove", ROLE, lifetime_s=600):
        assert items(dynamodb)[0]["expires_at"] != {"N": "1"}
    assert items(dynamodb) == []


@pytest.mark.parametrize("ending", [KeyboardInterrupt, RuntimeError])
def test_role_is_deleted_however_it_ends(dynamodb: DynamoDBClient, ending: type[BaseException]) -> None:
    """An exception in the block, also from Ctrl-C, deletes the client."""
    with pytest.raises(ending), temporary_role(dynamodb, TABLE, "prove", ROLE, lifetime_s=600):
        raise ending
    assert items(dynamodb) == []


def test_root_user_cannot_prove(dynamodb: DynamoDBClient) -> None:
    """The root user is no client, and is told so."""
    session: Any = FakeSession(dynamodb, "arn:aws:iam::123456789012:root")
    with (
        pytest.raises(NoPrincipalError, match="IAM role"),
        proof._endpoint(GATEWAY._replace(client_auth=IAM), session),
    ):
        pytest.fail("the root user has no role")


def test_requests_are_signed_for_the_api(dynamodb: DynamoDBClient) -> None:
    """Each request has a signature for execute-api in the session's region, and no bearer token."""
    session: Any = FakeSession(dynamodb)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        message = {"role": "assistant", "content": "hi"}
        return httpx.Response(200, json={"choices": [{"finish_reason": "stop", "message": message}]})

    endpoint = Endpoint(
        base_url=BASE_URL,
        api_key="",
        model="model",
        canary="canary",
        auth=SignedRequests(session),
        transport=httpx.MockTransport(answer),
    )
    (_, harmless) = probes.prompts("canary")
    (probe,) = over_http.ask(endpoint, [harmless])
    assert not probe.says
    authorization = seen[0].headers["authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/eu-west-1/execute-api/aws4_request" in authorization
    assert seen[0].headers["x-amz-security-token"] == "token"
    assert "content-type" in authorization


def test_new_permission_is_waited_for(dynamodb: DynamoDBClient) -> None:
    """A signed request that gets 403 is tried again: a role's new permission takes effect after some seconds."""
    session: Any = FakeSession(dynamodb)
    statuses = [403, 403, 200]

    def answer(_: httpx.Request) -> httpx.Response:
        message = {"role": "assistant", "content": "hi"}
        choices = [{"finish_reason": "stop", "message": message}]
        return httpx.Response(statuses.pop(0), json={"choices": choices})

    endpoint = Endpoint(
        base_url=BASE_URL,
        api_key="",
        model="model",
        canary="canary",
        auth=SignedRequests(session),
        transport=httpx.MockTransport(answer),
        pause_s=0,
    )
    (_, harmless) = probes.prompts("canary")
    (probe,) = over_http.ask(endpoint, [harmless])
    assert (probe.says, statuses) == (None, [])


def test_no_credentials() -> None:
    """Without AWS credentials nothing can be signed, and the error says so."""

    class Empty:
        region_name = "eu-west-1"

        def get_credentials(self) -> None:
            return None

    session: Any = Empty()
    with pytest.raises(NoCredentialsToSignError, match="credentials"):
        SignedRequests(session)


def test_signer_is_the_sessions_role(dynamodb: DynamoDBClient) -> None:
    """The signer is the role behind the session, as STS names it."""
    session: Any = FakeSession(dynamodb)
    assert signature.signer(session) == ROLE
