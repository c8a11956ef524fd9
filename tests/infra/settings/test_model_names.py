"""Model names in a settings file: what is refused, and what the functions read."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.model_names import settings
from chat_gateway.model_names.settings import NAME, REGION, Region, Target
from infra import emulator
from infra.emulator import platform
from infra.platform import Platform
from infra.settings import files
from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError

HERE, THERE = "eu-central-1", "us-west-2"
NONE = '[guardrail]\nkind = "none"\ncallers_may_go_unguarded = true\n'
EXISTING = '[guardrail]\nkind = "existing"\nidentifier = "abc123"\nversion = "7"\n'
GUARDED = f'[guardrails.{THERE}]\nidentifier = "def456"\nversion = "4"\n'
MANTLE = f"https://bedrock-mantle.{HERE}.api.aws/openai/v1"
OF_HERE = f"https://bedrock-runtime.{HERE}.amazonaws.com/openai/v1"
ON_MANTLE = f'[upstream]\nurl = "{MANTLE}"\nmay_ignore_guardrail = true\n'
GPT, NOVA = "openai.gpt-oss-20b-1:0", "amazon.nova-lite-v1:0"
PROFILE_ARN = f"arn:aws:bedrock:{THERE}:123456789012:inference-profile/us.{NOVA}"
PROMPT = f"arn:aws:bedrock:{HERE}:123456789012:prompt/ABCDEFGHIJ:1"
GUARDRAIL_ARN = f"arn:aws:bedrock:{HERE}:123456789012:guardrail/abc123"


def name(*targets: str, name: str = "fast") -> str:
    return f'[[models]]\nname = "{name}"\ntargets = [{", ".join(targets)}]\n'


def target(model: str = GPT, **more: str | float) -> str:
    values = {"model": f'"{model}"', **{k: f'"{v}"' if isinstance(v, str) else v for k, v in more.items()}}
    return "{" + ", ".join(f"{key} = {value}" for key, value in values.items()) + "}"


def environment(toml: str, region: str | None = HERE, platform: Platform | None = None) -> Environment:
    """The environment after its stack's region is known."""
    made = files.checked("mine", tomllib.loads(toml), platform=platform or Platform())
    return files.in_region(made, region, folder=Path("environments"))


ELSEWHERE = name(target(region=THERE))
NO_GUARDRAIL_THERE = (
    f"models[0].targets[0].region is {THERE}, where no guardrail is set: the guardrail that the stack creates exists in "
    f"{HERE} only. Create one in {THERE}, and set its identifier and version in [guardrails.{THERE}]"
)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (name(target()) * 2, "models[1].name is the same as models[0].name"),
        (name(), "models[0].targets is []; it must have at least 1 item, not 0"),
        ('[[models]]\nname = "fast"', "models[0].targets is missing"),
        (name(*[target(f"xai.grok-{n}") for n in range(9)]), "it must have at most 8 items, not 9"),
        (
            name(target(), target(weight=5)),
            "models[0].targets[1] has the same model and region as models[0].targets[0]",
        ),
        (name(target(), target(region=HERE)), "models[0].targets[1] has the same model and region"),
        (
            name(target(), name="a b"),
            'models[0].name is "a b"; it must be 1 to 128 letters, digits and . _ : /',
        ),
        (name(target(), name="arn:aws:x"), "it must be 1 to 128 letters"),
        ("models = 1", "models is 1; it must be a list"),
        ('[[models]]\nnaem = "a"', "models[0].naem is not a setting. Did you mean name?"),
        (name(target(wieght=5)), "models[0].targets[0].wieght is not a setting. Did you mean weight?"),
        (name(target("gpt")), "models[0].targets[0].model has 'gpt'; name models and inference profiles"),
        (name(target(PROMPT)), "which is a prompt, a router or an endpoint"),
        (name(target(weight=0)), "models[0].targets[0].weight is 0; it must be at least 1"),
        (name(target(weight=1001)), "models[0].targets[0].weight is 1001; it must be at most 1000"),
        (name(target(weight=1.5)), "models[0].targets[0].weight is 1.5; it must be a whole number"),
        (name(target(first_byte_s=0)), "models[0].targets[0].first_byte_s is 0; it must be greater than 0"),
        (name(target(first_byte_s=float("nan"))), "models[0].targets[0].first_byte_s is nan; it must be"),
        (
            name(target(first_byte_s=290)),
            "models[0].targets[0].first_byte_s must be below 290, the shortest timeout of a whole answer or job",
        ),
        (f"{name(target(first_byte_s=60))}[timeouts]\njob_s = 60", "first_byte_s must be below 60"),
        (name(target(region="Oregon")), 'models[0].targets[0].region is "Oregon"; it must be one of AWS\'s'),
        (
            f'{name(target())}[upstream]\nmodels = ["{NOVA}"]',
            "models[0].targets[0].model is not in upstream.models, which lists all models",
        ),
        (
            f'{name(target(PROFILE_ARN, region=THERE))}{NONE}[upstream]\nmodels = ["us.{NOVA}"]',
            "models[0].targets[0].model is not in upstream.models",
        ),
        (
            name(target(PROFILE_ARN)),
            f"models[0].targets[0].model is an ARN of {THERE}, but is used in {HERE}",
        ),
        (
            f"{name(target(PROFILE_ARN, region='us-east-1'))}{NONE}",
            f"models[0].targets[0].model is an ARN of {THERE}, but is used in us-east-1",
        ),
        (
            f"{name(target(NOVA))}{ON_MANTLE}",
            "models[0].targets[0].model needs Converse, which upstream.url does not have",
        ),
        (f"{name(target(NOVA, region=HERE))}{ON_MANTLE}", "models[0].targets[0].model needs Converse"),
        ("[upstream]\nnames_only = true", "upstream.names_only needs names: add [[models]]"),
        (
            ELSEWHERE,
            NO_GUARDRAIL_THERE,
        ),
        (
            f"{ELSEWHERE}{EXISTING}",
            f"models[0].targets[0].region is {THERE}, where no guardrail is set: the guardrail in [guardrail] exists in",
        ),
        (GUARDED, f"guardrails.{THERE} is for a region that no target of [[models]] names"),
        (
            f"{name(target(region=HERE))}{GUARDED.replace(THERE, HERE)}",
            f"guardrails.{HERE} must not be set for the environment's own region; set [guardrail]",
        ),
        (f"{ELSEWHERE}{GUARDED}{NONE}", f"guardrails.{THERE} must not be set: guardrail.kind is none"),
        (
            f"{ELSEWHERE}{GUARDED.replace('def456', GUARDRAIL_ARN)}",
            f"guardrails.{THERE}.identifier is an ARN of {HERE}, but is used in {THERE}",
        ),
        (
            ELSEWHERE + GUARDED.replace('"4"', '"0"'),
            f'guardrails.{THERE}.version is "0"; it must be a number or DRAFT',
        ),
        (
            f"{ELSEWHERE}{GUARDED}trace = 'ENABLED'",
            f"guardrails.{THERE}.trace is not a setting. The settings are identifier, kms_key_arn, profile, version",
        ),
        (
            GUARDED.replace(THERE, "US"),
            'guardrails.US is "US"; it must be one of AWS\'s, such as eu-central-1',
        ),
        (
            f'[upstream.region_urls]\n{THERE} = "https://host/openai/v1"',
            f"upstream.region_urls.{THERE} is for a region that no target of [[models]] names",
        ),
        (
            f'{name(target(region=HERE))}[upstream.region_urls]\n{HERE} = "https://host/openai/v1"',
            f"upstream.region_urls.{HERE} must not be set for the environment's own region; set upstream.url",
        ),
        (
            f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "https://host/openai/v1/"',
            f'upstream.region_urls.{THERE} is "https://host/openai/v1/"; it must be a URL of only host, port and path',
        ),
        (
            f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "https://host/v1"',
            f"upstream.region_urls.{THERE} must end in /openai/v1",
        ),
        (
            f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "{OF_HERE}"',
            f"upstream.region_urls.{THERE} is Bedrock in another region",
        ),
        (
            f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "http://host/openai/v1"',
            f"upstream.region_urls.{THERE} must be https: the Bedrock API key is sent there",
        ),
        (
            f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "{MANTLE.upper().replace("HTTPS", "https")}"',
            f"upstream.region_urls.{THERE} must be bedrock-runtime: bedrock-mantle ignores guardrails",
        ),
        (
            f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "https://host/{"v" * 500}"',
            "it must have at most 500 characters",
        ),
        (
            "".join(name(target(f"xai.grok-{n:080}"), name=f"name-{n}") for n in range(20)),
            "models takes 2112 bytes of Lambda's variables, with the lists of models, names, routes, prices, senders and",
        ),
        (
            "[completions]\nshow_target_model = 1",
            "completions.show_target_model is 1; it must be true or false",
        ),
    ],
)
def test_what_is_refused(toml: str, says: str) -> None:
    """The line names the file, the setting, and what to do."""
    with pytest.raises(InvalidEnvironmentError) as caught:
        environment(toml)
    assert says in str(caught.value)
    assert all(line.startswith("environments/mine.toml: ") for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    "toml",
    [
        name(target(), target(NOVA, weight=1)),
        name(target(first_byte_s=289.5)),
        name(target(region=HERE)),
        f"{ELSEWHERE}{GUARDED}",
        f"{ELSEWHERE}{NONE}",
        f"{name(target(), target(region=THERE))}{EXISTING}{GUARDED}",
        f'{name(target(f"us.{NOVA}"))}[upstream]\nmodels = ["{PROFILE_ARN}"]',
        f'{name(target(PROFILE_ARN, region=THERE))}{GUARDED}[upstream]\nmodels = ["{PROFILE_ARN}"]',
        f"{name(target(NOVA, region=THERE))}{GUARDED}{ON_MANTLE}",
        f'{name(target(NOVA))}{ON_MANTLE}routes = {{"{NOVA}" = "native"}}',
        f"{name(target())}[upstream]\nnames_only = true",
        name(target()) + name(target(), name="meta-llama/Llama-3"),
        "[completions]\nshow_target_model = true",
    ],
)
def test_what_is_allowed(toml: str) -> None:
    assert environment(toml).name == "mine"


@pytest.mark.parametrize(
    "toml",
    [name(target(region=HERE)), name(target(PROFILE_ARN)), f"{name(target(NOVA, region=HERE))}{ON_MANTLE}"],
)
def test_rules_of_the_region_wait_for_it(toml: str) -> None:
    """A file without a region is not refused for what only the stack's region decides."""
    assert files.checked("mine", tomllib.loads(toml), platform=Platform()).region is None


def test_only_the_emulators_url_may_be_plain_http() -> None:
    """Another region's endpoint on the emulator may be plain HTTP, as its own region's."""
    toml = f'{ELSEWHERE}{GUARDED}[upstream.region_urls]\n{THERE} = "http://127.0.0.1:1/openai/v1"\n'
    made = environment(f"{toml}[timeouts]\napi_s = 15\n", platform=platform(None))
    assert made.regions_text == f'{{"{THERE}":[["def456","4"],"http://127.0.0.1:1/openai/v1"]}}'


def test_names_become_the_functions_text() -> None:
    """The text has the targets in their order. The environment's own region is left out."""
    fast = name(target(first_byte_s=3, weight=95, region=HERE), target(NOVA, region=THERE, weight=5))
    made = environment(f"{fast}{name(target(first_byte_s=0.5), name='best')}{GUARDED}")
    assert made.model_names_text == (
        f'{{"fast":[["{GPT}",null,95,3],["{NOVA}","{THERE}",5]],"best":[["{GPT}",null,null,0.5]]}}'
    )
    assert made.other_regions == [THERE]
    assert made.regions_text == f'{{"{THERE}":[["def456","4"]]}}'


def test_without_names_there_is_no_text() -> None:
    """An environment without names sets none of their variables."""
    made = environment("")
    assert (made.model_names_text, made.regions_text, made.other_regions) == (None, None, [])


def test_each_other_region_has_an_entry() -> None:
    """A region without guardrail and URL is in the text, too: the functions know which regions there are."""
    made = environment(f"{ELSEWHERE}{NONE}")
    assert settings.regions_from_text(made.regions_text or "") == {THERE: Region()}


_targets = st.fixed_dictionaries(
    {
        "model": st.sampled_from([GPT, NOVA, f"us.{NOVA}"])
        | st.from_regex(r"[a-z]{2,9}\.[A-Za-z0-9.:_-]{1,40}", fullmatch=True)
    },
    optional={
        "region": st.sampled_from([HERE, THERE, "eu-west-1"]) | st.from_regex(REGION, fullmatch=True),
        "weight": st.integers(1, 1000),
        "first_byte_s": st.integers(1, 280) | st.floats(0, 280),
    },
)
_models = st.fixed_dictionaries(
    {"name": st.from_regex(NAME, fullmatch=True), "targets": st.lists(_targets, min_size=1, max_size=3)}
)
_identifiers = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
_URL = "https://vpce-1.example/openai/v1"


@given(st.lists(_models, min_size=1, max_size=3), _identifiers, st.sampled_from(["DRAFT", "4", "0"]))
def test_what_is_accepted_can_be_read(models: list[dict[str, Any]], identifier: str, version: str) -> None:
    """Whatever the stack accepts, the functions read as the same names, targets and regions."""
    regions = {one["region"] for model in models for one in model["targets"] if "region" in one} - {HERE}
    guardrail = {"identifier": identifier, "version": version}
    document = {
        "region": HERE,
        "models": models,
        "guardrail": {"kind": "existing", **guardrail},
        "guardrails": dict.fromkeys(regions, guardrail),
        "upstream": {"region_urls": dict.fromkeys(regions, _URL)},
    }
    with contextlib.suppress(InvalidEnvironmentError):
        made = files.checked("mine", document, platform=Platform())
        assert settings.names_from_text(made.model_names_text or "") == {
            model["name"]: tuple(_as_read(one) for one in model["targets"]) for model in models
        }
        read = settings.regions_from_text(made.regions_text or "{}")
        assert read == dict.fromkeys(regions, Region((identifier, version), _URL))


def _as_read(target: dict[str, Any]) -> Target:
    region = None if target.get("region") == HERE else target.get("region")
    return Target(target["model"], region, target.get("weight"), target.get("first_byte_s"))


def test_the_local_stack_asks_no_other_region() -> None:
    """On the emulator, a target in another region is asked at the stand-in, unless its URL is set."""
    url = "http://127.0.0.1:4566/openai/v1"
    document = tomllib.loads(f"{ELSEWHERE}{GUARDED}")
    assert emulator.completed(document, upstream_url=url)["upstream"]["region_urls"] == {THERE: url}
    document["upstream"] = {"region_urls": {THERE: f"{url}/own/openai/v1"}}
    assert emulator.completed(document, upstream_url=url)["upstream"]["region_urls"] != {THERE: url}
    assert "region_urls" not in emulator.completed({}, upstream_url=url)["upstream"]


@pytest.mark.parametrize(("guardrails", "upstream"), [(1, {}), ({}, 1), ({THERE: 1}, {"region_urls": 1})])
def test_wrong_tables_are_left_to_the_checks(guardrails: object, upstream: object) -> None:
    """A table that is none raises nothing here."""
    document = {"guardrails": guardrails, "upstream": upstream}
    assert (
        emulator.completed(document, upstream_url="http://127.0.0.1:1/openai/v1")["guardrails"] == guardrails
    )
