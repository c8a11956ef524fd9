"""A wrong or contradictory settings file is refused in lines that name the file, the setting and the choices."""

from __future__ import annotations

import contextlib
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.emulator import platform
from infra.platform import Platform
from infra.settings import files
from infra.settings.environment import Environment, Settings
from infra.settings.problems import InvalidEnvironmentError

MANTLE = "https://bedrock-mantle.us-east-1.api.aws/openai/v1"
POLICY = '[guardrail.policy]\nblockedInputMessaging = "no"\nblockedOutputsMessaging = "no"\n'
ATTACKS = (
    "[[guardrail.policy.contentPolicyConfig.filtersConfig]]\n"
    'type = "PROMPT_ATTACK"\ninputStrength = "HIGH"\noutputStrength = "NONE"\n'
)
LONG_MODELS = ", ".join(f'"xai.{number:0200}"' for number in range(10))
PRICE = '[[prices.models]]\nmodel = "a"\ninput = 1\noutput = 2\n'
MANY_PRICES = "".join(PRICE.replace('"a"', f'"xai.grok-{number}"') for number in range(100))
ON_MANTLE = f'[upstream]\nurl = "{MANTLE}"\nmay_ignore_guardrail = true\n'
PROMPT = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1"
ASSUMED = 'role_arn = "arn:aws:iam::210987654321:role/bedrock"\n'
EXISTING = '[guardrail]\nkind = "existing"\nidentifier = "a"\nversion = "1"\n'
GUARDRAIL = "arn:aws:bedrock:us-east-1:210987654321:guardrail/a"
ELSEWHERE = EXISTING.replace('"a"', f'"{GUARDRAIL}"')
IN_ANOTHER_ACCOUNT = ELSEWHERE.replace("210987654321", "123456789012")
UNGUARDED = '[guardrail]\nkind = "none"\ncallers_may_go_unguarded = true\n'
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
APPLICATION = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2"
ROTATION = '[upstream.key_rotation]\nuser = "bedrock"\n'
TWENTY_WORDS = ", ".join(f'"xai.grok-{number}"' for number in range(300))


def environment(toml: str, platform: Platform | None = None) -> Environment:
    return files.checked("mine", tomllib.loads(toml), platform=platform or Platform())


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (f"[upstream]\n{ASSUMED}", 'upstream.role_arn needs auth = "sigv4"'),
        ('[upstream]\nrole_external_id = "ours"', "upstream.role_external_id needs role_arn"),
        (
            '[upstream]\nauth = "sigv4"\nrole_arn = "arn:aws:iam::210987654321:user/a"',
            'role_arn is "arn:aws:iam::210987654321:user/a"; it must be the ARN of an IAM role',
        ),
        (f'[upstream]\n{ASSUMED}role_external_id = "a b"', 'role_external_id is "a b"; it must be 2 to 256'),
        (
            f'[upstream]\nauth = "sigv4"\n{ASSUMED}',
            'guardrail.kind must be "existing": the stack creates a guardrail in its own account',
        ),
        (
            f'[upstream]\nauth = "sigv4"\n{ASSUMED}{EXISTING}',
            "guardrail.identifier must be the guardrail's ARN: upstream.role_arn calls Bedrock in another account",
        ),
        (
            f'[upstream]\nauth = "sigv4"\n{ASSUMED}{UNGUARDED}[guardrails.us-west-2]\nidentifier = "a"\nversion = "1"',
            "guardrails.us-west-2.identifier must be the guardrail's ARN",
        ),
        (
            f'[upstream]\nauth = "sigv4"\n{ASSUMED}{ELSEWHERE}kms_key_arn = "{KEY}"',
            "guardrail.kms_key_arn has no effect with upstream.role_arn",
        ),
        (
            f'[upstream]\nauth = "sigv4"\n{ASSUMED}{ELSEWHERE}profile = "us.guardrail.v1:0"',
            "guardrail.profile has no effect with upstream.role_arn",
        ),
        (
            f'[upstream]\nauth = "sigv4"\n{ASSUMED}{IN_ANOTHER_ACCOUNT}',
            "guardrail.identifier must be a guardrail in 210987654321, the account of upstream.role_arn",
        ),
        (
            f'region = "us-west-2"\n[upstream]\nauth = "sigv4"\n{ASSUMED}{UNGUARDED}'
            + IN_ANOTHER_ACCOUNT.replace('[guardrail]\nkind = "existing"', "[guardrails.us-east-1]"),
            "guardrails.us-east-1.identifier must be a guardrail in 210987654321",
        ),
        (
            f'region = "us-west-2"\n{ELSEWHERE}',
            "guardrail.identifier is an ARN of us-east-1, but is used in us-west-2",
        ),
        (
            EXISTING.replace('"a"', f'"{GUARDRAIL}:7"'),
            'guardrail/a:7"; it must not end in the version, which is a setting of its own',
        ),
        (EXISTING.replace('"a"', '"a:DRAFT"'), 'guardrail.identifier is "a:DRAFT"; it must not end in'),
        (
            ELSEWHERE.replace("guardrail/a", "prompt/a"),
            "it must be a guardrail's id or its ARN: arn:aws:bedrock:REGION:ACCOUNT:guardrail/ID",
        ),
        (ELSEWHERE.replace("210987654321", ""), "it must be a guardrail's id or its ARN"),
        (
            f'{EXISTING}kms_key_arn = "alias/mine"',
            'guardrail.kms_key_arn is "alias/mine"; it must be the ARN of a KMS key',
        ),
        (
            f'region = "eu-west-1"\n{EXISTING}kms_key_arn = "{KEY}"',
            "guardrail.kms_key_arn must be a key in eu-west-1, where the guardrail is",
        ),
        (
            f'region = "eu-west-1"\n{POLICY}kmsKeyId = "{KEY}"\n',
            "guardrail.policy.kmsKeyId must be a key in eu-west-1, where the guardrail is",
        ),
        (
            f'{UNGUARDED}[guardrails.us-west-2]\nidentifier = "a"\nversion = "1"\nkms_key_arn = "{KEY}"',
            "guardrails.us-west-2.kms_key_arn must be a key in us-west-2, where the guardrail is",
        ),
        (
            f'{EXISTING}profile = "us"',
            'guardrail.profile is "us"; it must be the id or the ARN of a guardrail profile',
        ),
        (
            POLICY.replace("\n", '\nkmsKeyId = "1234"\n', 1),
            "guardrail.policy.kmsKeyId must be the ARN of a KMS key",
        ),
        (
            f'[upstream.routes]\n"{APPLICATION}" = "native"',
            "Bedrock's chat completions refuse application inference profiles",
        ),
        (
            ROTATION.replace('"bedrock"', '"a user"'),
            'key_rotation.user is "a user"; it must be the name of an IAM user, or its path and name',
        ),
        (f"{ROTATION}every_days = 0", "upstream.key_rotation.every_days is 0; it must be at least 1"),
        (f"{ROTATION}every_days = 1001", "upstream.key_rotation.every_days is 1001; it must be at most 1000"),
        (f"{ROTATION}key_age_days = 66", "upstream.key_rotation.key_age_days must be at least 67"),
        (
            f"{ROTATION}key_age_days = 36_601",
            "upstream.key_rotation.key_age_days is 36601; it must be at most",
        ),
        ("[upstream.key_rotation]", "upstream.key_rotation.user is missing"),
        (
            f'[upstream]\nauth = "sigv4"\n{ROTATION}',
            'upstream.key_rotation cannot be set with auth = "sigv4"',
        ),
        (
            'region = "eu-west-1"\n[monitoring]\nalarm_topic_arn = "arn:aws:sns:us-east-1:000000000000:on-call"',
            "monitoring.alarm_topic_arn must be a topic in eu-west-1",
        ),
        (
            '[deployment]\ngradual = true\n[upstream]\nmodels = ["qwen.qwen3-32b-v1:0"]',
            "proof.model is openai.gpt-oss-20b-1:0, with which deployment.gradual tries new versions",
        ),
        ("[timeouts]\napi_s = 901", "timeouts.api_s is 901; it must be at most 900"),
        ("[timeouts]\napi_s = 4", "timeouts.api_s is 4; it must be at least 5"),
        ("[timeouts]\njob_s = 900", "timeouts.job_s makes the worker's timeout longer than Lambda's"),
        ("[timeouts]\njob_s = 1", "timeouts.job_s is 1; it must be at least 2"),
        ("[timeouts]\napi_s = 29\nconnect_s = 26", "timeouts.connect_s must be below 26"),
        ("[jobs]\nrequests_per_minute = 0", "jobs.requests_per_minute is 0; it must be at least 1"),
        ("[jobs]\nexpected_answer_s = 0", "jobs.expected_answer_s is 0; it must be at least 1"),
        ("[jobs]\nexpected_answer_s = 151", "jobs.expected_answer_s must be at most half of timeouts.job_s"),
        ("[jobs]\nmax_width = 301", "jobs.max_width is 301; it must be at most 300"),
        ("[jobs]\nmax_batch_size = 0", "jobs.max_batch_size is 0"),
        ("[jobs]\nmaximum_batching_window_s = 301", "jobs.maximum_batching_window_s is 301"),
        ("[jobs]\nmax_attempts = 0", "jobs.max_attempts is 0"),
        ("[jobs]\nmax_retry_delay_s = 43_200", "jobs.max_retry_delay_s is 43200; it must be at most 42300"),
        ("[jobs]\nmemory_size_mib = 64", "jobs.memory_size_mib is 64; it must be at least 128"),
        (
            "[jobs]\nretry_delay_s = 20\nmax_retry_delay_s = 10",
            "jobs.retry_delay_s must be at most max_retry_delay_s",
        ),
        (
            '[guardrail]\nkind = "existing"\nidentifier = "a b"\nversion = "1"',
            'guardrail.identifier is "a b"; it must be 1 to 2048 visible ASCII characters',
        ),
        (
            '[guardrail]\nkind = "existing"\nidentifier = "a"\nversion = "0"',
            'guardrail.version is "0"; it must be a number or DRAFT',
        ),
        (
            '[guardrail]\nkind = "existing"\nidentifier = "a"\nversion = 1',
            "guardrail.version is 1; it must be text in quotes",
        ),
        ('[guardrail]\nkind = "existing"\nidentifier = "a"', "guardrail.version is missing"),
        ('[guardrail]\ntrace = "on"', 'guardrail.trace is "on"; it must be "ENABLED", "ENABLED_FULL" or'),
        ('[guardrail]\ntagging = "some"', 'guardrail.tagging is "some"; it must be "off", "all_text"'),
        (
            '[guardrail]\noverride = "maybe"',
            'guardrail.override is "maybe"; it must be "denied" or "allowed"',
        ),
        ('[guardrail]\nkind = "mine"', 'it must be "own", "existing", "none"'),
        (
            '[guardrail]\nkind = "none"',
            "guardrail.callers_may_go_unguarded is missing; write true if that is meant.",
        ),
        (
            '[guardrail]\nkind = "none"\ncallers_may_go_unguarded = false',
            "guardrail.callers_may_go_unguarded is false; it must be true",
        ),
        ('guardrail = "abc:1"', 'guardrail is "abc:1"; it must be a table'),
        ("[guardrail.policy]", "guardrail.policy.blockedInputMessaging is missing"),
        (f'{POLICY}name = "mine"', "guardrail.policy.name must not be set: the stack sets it"),
        (
            f"{POLICY}[guardrail.policy.content_policy_config]\nfilters_config = []",
            "guardrail.policy.content_policy_config is unknown; choose one of automatedReasoningPolicyConfig",
        ),
        (f"{POLICY}kmsKeyArn = 'arn:a'", "guardrail.policy.kmsKeyArn is unknown"),
        (f"{POLICY}description = 3", "guardrail.policy.description must be one of (str,"),
        (
            f"{POLICY}[[guardrail.policy.wordPolicyConfig.wordsConfig]]\ntext = 'a'\ninputEnabled = 'true'",
            "guardrail.policy",
        ),
        (
            '[guardrail]\nidentifier = "a"\nversion = "1"',
            'guardrail.kind is missing: the default kind "own" does not have identifier, version',
        ),
        ("[guardrail]\ncallers_may_go_unguarded = true", "guardrail.kind is missing"),
        (
            '[guardrail]\nkind = "none"\ncallers_may_go_unguarded = 1',
            "guardrail.callers_may_go_unguarded is 1; it must be true or false",
        ),
        (f"{POLICY}{ATTACKS}", "guardrail.policy has a prompt-attack filter, which has no effect"),
        (f'[upstream]\nurl = "{MANTLE}"', "set upstream.may_ignore_guardrail = true"),
        (f'[upstream]\nurl = "{MANTLE.upper().replace("HTTPS", "https")}"', "upstream.may_ignore_guardrail"),
        (
            f'[upstream]\nurl = "{MANTLE}"\nmay_ignore_guardrail = true\nauth = "sigv4"',
            "upstream.auth must not be sigv4",
        ),
        ('[upstream]\nurl = "http://127.0.0.1/v1"', "upstream.url must be https"),
        (
            '[upstream]\nurl = "https://host/v1/"',
            "it must be a URL of only host, port and path, without a final /",
        ),
        ('[upstream]\nurl = "https://host:abc/v1"', "it must be a URL of only host, port and path"),
        ('[upstream]\nurl = "https://host:99999/v1"', "it must be a URL of only host, port and path"),
        ('[upstream]\nurl = "https://user:word@host/v1"', "it must be a URL of only host, port and path"),
        ('[upstream]\nurl = "https://host/v1?x=1"', "it must be a URL of only host, port and path"),
        ('[upstream]\nurl = "https://[host/v1"', "it must be a URL of only host, port and path"),
        ('[upstream]\nauth = "iam"', 'upstream.auth is "iam"; it must be "api_key" or "sigv4"'),
        ('[upstream]\nmodels = "openai.gpt-oss-20b-1:0"', "it must be a list"),
        ('[upstream]\nmodels = ["openai.*"]', "upstream.models has 'openai.*'"),
        ('[upstream]\nmodels = ["gpt"]', "upstream.models has 'gpt'"),
        ('[upstream]\nmodels = ["arn:aws:s3:::bucket"]', "upstream.models has 'arn:aws:s3"),
        ('[upstream]\nmodels = ["xai.grok", "xai.grok"]', "upstream.models names a model twice"),
        (f"[upstream]\nmodels = [{TWENTY_WORDS}]", "upstream.models has more than 2500 characters"),
        ("[upstream]\nmodels = [1]", "upstream.models[0] is 1; it must be text in quotes"),
        ("[upstream]\napi_key_max_age_s = 0", "upstream.api_key_max_age_s is 0; it must be at least 1"),
        (
            '[proof]\non_deploy = true\n[guardrail]\nkind = "none"\ncallers_may_go_unguarded = true',
            "proof.on_deploy needs a guardrail",
        ),
        ('[proof]\ncanary = ""', "proof.canary is"),
        ('[proof]\ncanary = "two\\u000alines"', "it must be printable characters"),
        ('[proof]\nmodel = ""', "proof.model is"),
        (f'[proof]\nattack = "{"x" * 1001}"', "proof.attack is"),
        ("proof = true", "proof is true; it must be a table"),
        (
            "[api]\nmax_request_bytes = 5_000_000",
            "api.max_request_bytes is 5000000; it must be at most 4500000",
        ),
        ("[api]\nauthorizer_result_ttl_s = 3601", "it must be at most 3600"),
        (
            "[api]\nthrottling_rate_limit_per_s = 10\nthrottling_burst_limit = 5",
            "api.throttling_burst_limit must be at least throttling_rate_limit_per_s, which is 10",
        ),
        ('[api]\ncors_origins = ["*"]', "api.cors_origins has '*'; write origins as browsers send them"),
        ('[api]\ncors_origins = ["https://app.example/"]', "without a path, a final / or"),
        ('[api]\ncors_origins = ["https://App.example"]', "in lower case"),
        ('[api]\ncors_origins = ["https://app.example:443"]', "a scheme's usual port"),
        ('[api]\ncors_origins = ["null"]', "api.cors_origins has 'null'"),
        ('[api]\ncors_origins = ["https://a.example,https://b.example"]', "api.cors_origins has"),
        ('[api]\ncors_origins = ["https://a.example", "https://a.example"]', "names an origin twice"),
        (
            f"[api]\ncors_origins = {[f'https://{number:0200}.example' for number in range(10)]}",
            "api.cors_origins takes 2170 bytes of Lambda's variables",
        ),
        ('[api]\nkey_header = "x-key"', 'it must be "authorization" or "api-key"'),
        ('[api]\nthrottling_rate_limit_per_s = "50"', 'is "50"; it must be a whole number'),
        ("[api]\nthrottling_rate_limit_per_s = 1.5", "is 1.5; it must be a whole number"),
        ("[chat_function]\nmemory_size_mib = 64", "chat_function.memory_size_mib is 64"),
        ("[chat_function]\nreserved_concurrent_executions = 0", "it must be at least 1"),
        ("[chat_function]\ncount_stream_tokens = 1", "it must be true or false"),
        ("[clients]\nrecord_usage = 1", "clients.record_usage is 1; it must be true or false"),
        (
            '[clients]\nwhen_counters_fail = "ignore"',
            'clients.when_counters_fail is "ignore"; it must be "refuse" or "allow"',
        ),
        ("[clients]\nusage_kept_days = 0", "clients.usage_kept_days is 0; it must be at least 1"),
        ("[clients]\nusage_kept_days = 3651", "clients.usage_kept_days is 3651; it must be at most 3650"),
        ("[prices]\nguardrail_usd_per_1000_text_units = 100.1", "is 100.1; it must be at most 100"),
        ("[prices]\nguardrail_usd_per_1000_text_units = -0.1", "is -0.1; it must be at least 0"),
        ("[prices]\nguardrail_usd_per_1000_text_units = nan", "is nan; it must be"),
        ("[prices]\nguardrail_usd_per_1000_text_units = inf", "is inf; it must be"),
        ("[prices]\nguardrail_usd_per_1000_text_units = true", "is true; it must be a number"),
        (
            "[prices]\nguardrail_usd_per_1000_text_units = 0.0000001",
            "prices.guardrail_usd_per_1000_text_units is 1e-07; it must have at most 6 decimals",
        ),
        (
            f"{PRICE}cached_input = 1e4\ncache_write = 1e5",
            "prices.models[0].cache_write is 100000.0; it must",
        ),
        (PRICE.replace("1", "-1"), "prices.models[0].input is -1; it must be at least 0"),
        (PRICE.replace("2", "0.1234567"), "prices.models[0].output is 0.1234567; it must have at most 6"),
        (PRICE.replace("1", '"1"'), 'prices.models[0].input is "1"; it must be a number'),
        (PRICE.replace("output = 2", ""), "prices.models[0].output is missing"),
        (PRICE.replace('"a"', '"a b"'), 'prices.models[0].model is "a b"; it must be a model id'),
        (
            f"{PRICE}cached = 1",
            "prices.models[0].cached is not a setting. Did you mean cached_input? The settings are cache_write, cached_",
        ),
        (PRICE * 2, "prices.models names a model twice"),
        ("[prices]\nmodels = 1", "prices.models is 1; it must be a list"),
        (
            MANY_PRICES,
            "prices.models takes 3391 bytes of Lambda's variables, with the lists of models, names, routes, prices, senders and",
        ),
        (f"{PRICE}[upstream]\nmodels = [{LONG_MODELS}]", "prices.models takes"),
        (f'[upstream]\nmodels = [{LONG_MODELS}]\nroutes = {{"xai.a" = "native"}}', "upstream.routes"),
        ('[upstream.routes]\n"gpt" = "converse"', "upstream.routes has 'gpt'"),
        ('[upstream.routes]\n"xai.grok" = "other"', "upstream.routes"),
        (f'[upstream.routes]\n"{PROMPT}" = "converse"', "which is a prompt, a router or an endpoint"),
        (f'[upstream]\nmodels = ["{PROMPT}"]', "which is a prompt, a router or an endpoint"),
        (f'{ON_MANTLE}models = ["amazon.nova-lite-v1:0"]', "upstream.url has no Converse, which amazon.nova"),
        (
            f'{ON_MANTLE}routes = {{"xai.grok" = "converse"}}',
            "upstream.url has no Converse, which xai.grok needs",
        ),
        (
            f'{ON_MANTLE}[proof]\nconverse_model = "amazon.nova-lite-v1:0"',
            "proof.converse_model needs Converse, which upstream.url does not have",
        ),
        ('[proof]\nconverse_model = "xai.grok"', "proof.converse_model must be a model of Converse"),
        (f'[proof]\nconverse_model = "{PROMPT}"', "which is a prompt, a router or an endpoint"),
        ('data = "bogus"', 'data is "bogus"; it must be "retained" or "destroyed"'),
        ('region = ""', "it must be one of AWS's"),
        ('name_prefix = "with_underscore"', "it must be at most 29 letters, digits and hyphens"),
        ("[logs]\nretention_in_days = true", "logs.retention_in_days is true; it must be one of 1, 3, 5,"),
        ("[logs]\nretention_in_days = 2", "logs.retention_in_days is 2; it must be one of 1, 3, 5,"),
        ("[jbos]", "jbos is not a setting. Did you mean jobs? The settings are account, api, batches,"),
        ("[jobs]\nmax_widht = 5", "jobs.max_widht is not a setting. Did you mean max_width?"),
        ('[guardrail]\ntaging = "off"', "guardrail.taging is not a setting. Did you mean tagging?"),
        (
            "[domain]\ncertificate = 1",
            "domain.certificate is not a setting. Did you mean certificate_arn? The",
        ),
        (
            "[network]\nsubnets = []",
            "network.subnets is not a setting. Did you mean subnet_ids? The settings are",
        ),
        (
            "[jwt]\nissuers = 1",
            "jwt.issuers is not a setting. Did you mean issuer? The settings are audience, ",
        ),
        (
            "[waf]\nweb_acl = 1",
            "waf.web_acl is not a setting. Did you mean web_acl_arn? The settings are core_",
        ),
        (
            f"{ROTATION}every_day = 1",
            "upstream.key_rotation.every_day is not a setting. Did you mean every_days? The settings are every_",
        ),
        ('name = "other"', "name is not a setting"),
        ("[platform]", "platform is not a setting"),
    ],
)
def test_a_wrong_setting_is_named(toml: str, says: str) -> None:
    """The line names the file, the setting, the wrong value and the allowed values."""
    with pytest.raises(InvalidEnvironmentError) as caught:
        environment(toml)
    assert says in str(caught.value)
    assert all(line.startswith("environments/mine.toml: ") for line in str(caught.value).splitlines())


def test_every_wrong_setting_is_named_at_once() -> None:
    """A file with two mistakes gets two lines, so that one run shows both."""
    with pytest.raises(InvalidEnvironmentError) as caught:
        environment('data = "bogus"\n[jobs]\nmax_width = 0')
    assert len(str(caught.value).splitlines()) == 2


def test_the_emulator_answers_sooner() -> None:
    """An answer has less time on a platform that does not stream."""
    emulator = platform(None)
    with pytest.raises(InvalidEnvironmentError, match=r"timeouts.api_s must be at most 29"):
        environment("[timeouts]\napi_s = 30", emulator)
    assert environment('[timeouts]\napi_s = 29\n[upstream]\nurl = "http://127.0.0.1/v1"', emulator)


@pytest.mark.parametrize(
    "toml",
    [
        "",
        '[guardrail]\nkind = "none"\ncallers_may_go_unguarded = true',
        f'{POLICY}{ATTACKS}\n[guardrail]\ntagging = "all_text"',
        f'[upstream]\nurl = "{MANTLE}"\nmay_ignore_guardrail = true',
        '[logs]\nretention_in_days = "never"',
        f"{PRICE}cached_input = 0.000001\ncache_write = 10_000",
        f"[upstream]\nmodels = [{LONG_MODELS}]",
        "[prices]\nguardrail_usd_per_1000_text_units = -0.0\nmodels = []",
        f'[upstream]\nauth = "sigv4"\n{ASSUMED}{ELSEWHERE}',
        f'region = "us-east-1"\n{IN_ANOTHER_ACCOUNT}',
        f'{ON_MANTLE}routes = {{"amazon.nova-lite-v1:0" = "native"}}',
        '[proof]\nconverse_model = "xai.grok"\n[upstream.routes]\n"xai.grok" = "converse"',
    ],
)
def test_what_is_allowed_passes(toml: str) -> None:
    assert environment(toml).name == "mine"


_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
_SCHEMA = Settings.model_json_schema()
_NAMES = sorted({name for table in _SCHEMA["$defs"].values() for name in table.get("properties", {})})
_TABLES = st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=4) | _VALUES


@given(
    st.dictionaries(
        st.sampled_from(sorted(_SCHEMA["properties"])) | st.text(max_size=12), _TABLES, max_size=4
    )
)
def test_any_file_is_taken_or_refused_in_our_words(document: dict[str, Any]) -> None:
    """Any file is accepted or refused in our own words; there is no other exception."""
    with contextlib.suppress(InvalidEnvironmentError):
        assert files.checked("mine", document, platform=Platform()).name == "mine"
