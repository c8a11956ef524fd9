"""The proof passes if the guardrail holds and names the failure if not, and a deployment follows the proof."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from gateway_cli import stack_outputs
from guardrail_proof.by_name import by_name
from guardrail_proof.in_each_region import in_each_region
from guardrail_proof.over_http import Endpoint, over_http
from guardrail_proof.plan import Plan, Region
from guardrail_proof.settings import CANARY_WORD, Gateway
from local.aws import deployment, environment, guardrail
from local.aws.guardrail import Guardrail
from local.machine.failures import CommandFailedError
from local.stack.local_stack import LocalStack
from tests import console_command
from tests.e2e.conftest import MODEL
from tests.e2e.converse_bypasses import CLAUDE
from tests.e2e.other_region import NAME as OTHER_REGION
from tests.e2e.other_region import OtherRegion
from tests.e2e.standin import StandinControl
from tests.e2e.streaming_runtime import HANDLER, SOURCES, function_env, head_and_body, proxy_event
from tests.runtime_api import RuntimeApiServer, streaming_runtime

ALL = [
    "the canary, in one piece",
    "a harmless prompt, in one piece",
    "the canary, streamed",
    "a harmless prompt, streamed",
    "a guardrail that does not exist, at Bedrock",
    "the canary, as a job",
    "a harmless prompt, as a job",
]
BY_CONVERSE = [
    f"{prompt}, {way}, by Converse"
    for way in ("in one piece", "streamed")
    for prompt in ("the canary", "a harmless prompt", "the canary as a tool's result")
]
STACK = "bedrock-chat-gateway-local"


def prove(stack: LocalStack, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs what `make prove ENV=local` runs."""
    return subprocess.run(
        [console_command.CHAT_GATEWAY, "prove", "--env", "local", *options],
        env={
            **environment.for_tools(stack.aws_endpoint_url),
            "PYTHONPATH": console_command.PYTHONPATH,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def lines_of(output: str, verdict: str) -> list[str]:
    """The lines of the probes with that verdict, `ok` or `FAIL`."""
    lines = [line.removeprefix(verdict).strip() for line in output.splitlines() if line.startswith(verdict)]
    return [line.partition(" ended with ")[0] for line in lines]


@pytest.fixture
def ignored(standin: StandinControl) -> Iterator[Callable[[], None]]:
    """Makes the stand-in ignore guardrail headers, as bedrock-mantle does, until the test ends."""
    yield lambda: standin.treat_guardrail_headers(ignored=True)
    standin.treat_guardrail_headers()


def test_the_command_proves_the_deployed_guardrail(stack: LocalStack) -> None:
    proven = prove(stack)
    assert (proven.returncode, lines_of(proven.stdout, "ok")) == (0, ALL), proven.stderr


def test_the_command_proves_converse_too(stack: LocalStack) -> None:
    """With a model of Converse, the proof tries that route, also with a tool's result."""
    proven = prove(stack, "--converse-model", CLAUDE)
    assert proven.returncode == 0, proven.stdout
    assert sorted(lines_of(proven.stdout, "ok")) == sorted([*ALL, *BY_CONVERSE])


def test_a_refused_apply_guardrail_fails_the_proof(stack: LocalStack, standin: StandinControl) -> None:
    """If Bedrock refuses ApplyGuardrail, the proof fails at the tool's results."""
    standin.treat_apply_guardrail(denied=True)
    try:
        unproven = prove(stack, "--converse-model", CLAUDE)
    finally:
        standin.treat_apply_guardrail()
    assert unproven.returncode == 1
    assert lines_of(unproven.stdout, "FAIL") == [name for name in BY_CONVERSE if "tool" in name]


def test_the_command_leaves_no_client_behind(stack: LocalStack) -> None:
    clients = stack.session().client("dynamodb").scan(TableName=stack.clients_table)["Items"]
    assert "prove" not in [client["client_id"]["S"] for client in clients]


def test_with_the_headers_ignored_the_command_fails_and_names_each_canary(
    stack: LocalStack, ignored: Callable[[], None]
) -> None:
    ignored()
    unproven = prove(stack)
    assert unproven.returncode == 1
    failed = [line.partition(" was answered")[0] for line in lines_of(unproven.stdout, "FAIL")]
    assert failed == [name for name in ALL if "harmless" not in name]
    assert "ended with 'stop'; it must be blocked" in unproven.stdout
    assert "The guardrail does not block as it must." in unproven.stderr


Prove = Callable[[], dict[str, str | None]]


@contextmanager
def function(stack: LocalStack, enforced: Guardrail | None) -> Iterator[Prove]:
    """The chat function with another guardrail, or with none, and a proof of it over HTTP."""
    with endpoint_of(stack, enforced, {}) as endpoint:
        yield lambda: {probe.name: probe.says for probe in over_http(endpoint)}


@contextmanager
def endpoint_of(stack: LocalStack, enforced: Guardrail | None, more: dict[str, str]) -> Iterator[Endpoint]:
    """The chat function with another guardrail, or with none, and with `more` variables."""
    env = function_env(stack) | more
    if enforced is None:
        env = {name: value for name, value in env.items() if not name.startswith("GUARDRAIL_")}
    else:
        env |= {"GUARDRAIL_IDENTIFIER": enforced.identifier, "GUARDRAIL_VERSION": enforced.version}
    with RuntimeApiServer() as api, streaming_runtime(api, task_root=SOURCES, handler=HANDLER, env=env):
        yield Endpoint(
            base_url="http://function/openai/v1",
            api_key="not-checked-here",
            model=MODEL,
            canary=CANARY_WORD,
            transport=httpx.MockTransport(lambda request: invoked(api, request)),
            pause_s=0,
        )


def invoked(api: RuntimeApiServer, request: httpx.Request) -> httpx.Response:
    """The function's answer to an HTTP request, without API Gateway."""
    event = proxy_event(request.content, resource=request.url.path, method=request.method)
    head, body = head_and_body(api.invoke(event).answer())
    return httpx.Response(head["statusCode"], headers=head["headers"], content=body)


OVER_HTTP = ALL[:4]


def test_a_function_without_its_guardrail_is_found_out(stack: LocalStack) -> None:
    with function(stack, None) as proof:
        wrong = {name: says for name, says in proof().items() if says}
    assert wrong == dict.fromkeys(
        ["the canary, in one piece", "the canary, streamed"], "ended with 'stop'; it must be blocked"
    )


def test_a_guardrail_removed_from_bedrock_answers_nobody_and_is_found_out(
    stack: LocalStack, standin: StandinControl
) -> None:
    own = guardrail.create(stack.session(), name="removed")
    with function(stack, own) as proof:
        assert proof() == dict.fromkeys(OVER_HTTP)
        generations = standin.counters()["generations"]
        stack.session().client("bedrock").delete_guardrail(guardrailIdentifier=own.identifier)
        wrong = proof()
    assert list(wrong) == OVER_HTTP
    assert all(says and says.startswith("ended with 'error ") for says in wrong.values())
    assert standin.counters()["generations"] == generations


@pytest.mark.parametrize("streams", [False, True])
def test_an_unknown_guardrail_is_an_error_to_the_caller_and_no_answer(
    stack: LocalStack, standin: StandinControl, streams: bool
) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": streams}
    env = {**function_env(stack), "GUARDRAIL_IDENTIFIER": "gr-unknown"}
    with RuntimeApiServer() as api, streaming_runtime(api, task_root=SOURCES, handler=HANDLER, env=env):
        answer = invoked(api, httpx.Request("POST", "http://function/v1/chat/completions", json=body))
    assert answer.status_code == 400
    assert "guardrail" in answer.json()["error"]["message"]
    assert standin.counters()["generations"] == 0


@pytest.mark.parametrize("streams", [False, True])
def test_denied_guardrail_is_an_error(http: httpx.Client, standin: StandinControl, streams: bool) -> None:
    """If the permission for the guardrail is missing, the caller gets an error and no answer."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": streams}
    standin.treat_guardrail_headers(denied=True)
    try:
        answer = http.post("/v1/chat/completions", json=body)
    finally:
        standin.treat_guardrail_headers()
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "upstream_access_denied"
    assert standin.counters()["generations"] == 0


def tried_elsewhere(
    stack: LocalStack, elsewhere: OtherRegion, *, guardrail: Guardrail | None = None, signs: bool = False
) -> dict[str, str | None]:
    """The proof at Bedrock, with models of both routes in the other region."""
    outputs = stack_outputs.read(stack.session(), deployment.ENVIRONMENT_NAME)
    enforced = guardrail or elsewhere.guardrail
    there = Region(
        OTHER_REGION,
        elsewhere.base_url,
        (enforced.identifier, enforced.version),
        {"native": MODEL, "converse": CLAUDE},
    )
    gateway = Gateway(
        base_url=outputs.base_url,
        clients_table=outputs.clients_table,
        jobs_queue_url=outputs.jobs_queue_url,
        job_records_table=outputs.job_records_table,
        model=MODEL,
        canary=CANARY_WORD,
        bedrock_base_url=outputs.bedrock_base_url,
        secret_arn=None if signs else outputs.secret_arn,
        plan=Plan(names=(), untried=(), models={}, regions=(there,)),
    )
    tried = in_each_region(gateway, stack.session(), signs_as_function=signs)
    return {probe.name: probe.says or probe.not_shown for probe in tried}


UNKNOWN = "a guardrail that does not exist, at Bedrock"
CANARY_THERE = [
    f"the canary, at Bedrock in {OTHER_REGION}",
    f"the canary, at Bedrock in {OTHER_REGION}, by Converse",
]
THERE = [UNKNOWN, *(f"{UNKNOWN} in {OTHER_REGION}{by}" for by in ("", ", by Converse")), *CANARY_THERE]


@pytest.mark.parametrize("signs", [False, True])
def test_the_guardrail_of_another_region_is_proven(
    stack: LocalStack, standin: StandinControl, elsewhere: OtherRegion, signs: bool
) -> None:
    """On both routes there the guardrail blocks the canary, with the key and with a signature for that region."""
    assert tried_elsewhere(stack, elsewhere, signs=signs) == dict.fromkeys(THERE)
    assert elsewhere.standin.counters()["generations"] == 0


def test_the_home_regions_guardrail_proves_nothing_elsewhere(
    stack: LocalStack, elsewhere: OtherRegion
) -> None:
    """A guardrail that does not exist in the other region fails there."""
    home = Guardrail(stack.guardrail_identifier, stack.guardrail_version)
    wrong = {name: says for name, says in tried_elsewhere(stack, elsewhere, guardrail=home).items() if says}
    assert wrong == dict.fromkeys(CANARY_THERE, "ended with error 400 about the guardrail")


def test_a_key_that_another_region_refuses_is_found_out(stack: LocalStack, elsewhere: OtherRegion) -> None:
    """The proof fails there, and says why: the local stack's key has the form of a short-term key."""
    elsewhere.standin.accept_key("another region's key")
    try:
        says = tried_elsewhere(stack, elsewhere)
    finally:
        elsewhere.standin.accept_key(stack.bedrock_api_key)
    refused = "was refused: the stored key is a short-term key, which is valid in its own region only"
    assert {name: says[name] for name in CANARY_THERE} == dict.fromkeys(CANARY_THERE, refused)


def test_names_are_proven(stack: LocalStack) -> None:
    """A name is tried like a model's id. A function without its guardrail is found out by each name."""
    names = {"MODEL_NAMES": json.dumps({"fast": [[MODEL]], "good": [[CLAUDE]]})}
    plan = Plan(names=("fast", "good"), untried=(), models={}, regions=())
    guarded = Guardrail(stack.guardrail_identifier, stack.guardrail_version)
    with endpoint_of(stack, guarded, names) as endpoint:
        assert [probe.says for probe in by_name(plan, endpoint)] == [None] * 8
    with endpoint_of(stack, None, names) as endpoint:
        failed = [probe.name for probe in by_name(plan, endpoint) if probe.says]
    assert failed == [
        f"the canary, {way}, by the name {name}"
        for name in plan.names
        for way in ("in one piece", "streamed")
    ]


def deploy(stack: LocalStack, version: str) -> None:
    """`cdk deploy` with that version of the guardrail, and the proof as its last step."""
    deployment.prepare(
        stack.state,
        endpoint_url=stack.aws_endpoint_url,
        upstream_url=stack.upstream_url,
        guardrail=Guardrail(stack.guardrail_identifier, version),
        proves=True,
    )
    deployment.deploy(stack.state, endpoint_url=stack.aws_endpoint_url)


def enforced_version(stack: LocalStack) -> str:
    functions = stack.session().client("lambda")
    configuration = functions.get_function_configuration(FunctionName=f"{STACK}-api", Qualifier="live")
    return configuration["Environment"]["Variables"]["GUARDRAIL_VERSION"]


def status(stack: LocalStack) -> str:
    (described,) = stack.session().client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return described["StackStatus"]


@pytest.mark.timeout(400)
def test_deployment_needs_a_guardrail_that_blocks(stack: LocalStack, ignored: Callable[[], None]) -> None:
    """A deployment succeeds if the guardrail blocks the canary, and is rolled back if not."""
    deploy(stack, stack.guardrail_version)
    assert status(stack) == "UPDATE_COMPLETE"

    bedrock = stack.session().client("bedrock")
    version = bedrock.create_guardrail_version(guardrailIdentifier=stack.guardrail_identifier)["version"]
    ignored()
    with pytest.raises(CommandFailedError):
        deploy(stack, version)
    said = stack.state.log("cdk").read_text()
    assert "The guardrail does not hold: the canary, in one piece ended with 'stop'" in said
    assert "the canary, as a job ended with 'stop'" in said
    assert "harmless" not in said
    assert (status(stack), enforced_version(stack)) == ("UPDATE_ROLLBACK_COMPLETE", stack.guardrail_version)
