"""AWS's lists of models and inference profiles, as they were recorded, shortened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import FoundationModelSummaryTypeDef, InferenceProfileSummaryTypeDef

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
OSS = "openai.gpt-oss-20b-1:0"
LAUNCH, END = datetime(2025, 9, 29, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)


def model(
    id_: str,
    *,
    inference: tuple[str, ...] = ("ON_DEMAND",),
    outputs: tuple[str, ...] = ("TEXT",),
    lifecycle: dict[str, Any] | None = None,
) -> FoundationModelSummaryTypeDef:
    """An element of ListFoundationModels' answer."""
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{id_}",
        "modelId": id_,
        "inputModalities": ["TEXT"],
        "outputModalities": list(outputs),  # type: ignore[arg-type]
        "inferenceTypesSupported": list(inference),  # type: ignore[arg-type]
        "modelLifecycle": lifecycle or {"status": "ACTIVE"},  # type: ignore[typeddict-item]
    }


def profile(
    id_: str, model_id: str, *, kind: str = "SYSTEM_DEFINED", regions: tuple[str, ...] = ("us-east-1",)
) -> InferenceProfileSummaryTypeDef:
    """An element of ListInferenceProfiles' answer."""
    resource = "inference-profile" if kind == "SYSTEM_DEFINED" else "application-inference-profile"
    models = [f"arn:aws:bedrock:{region}::foundation-model/{model_id}" for region in regions]
    return {
        "inferenceProfileName": "a profile",
        "inferenceProfileArn": f"arn:aws:bedrock:us-east-1:123456789012:{resource}/{id_}",
        "inferenceProfileId": id_,
        "models": [{"modelArn": arn} for arn in models],
        "status": "ACTIVE",
        "type": kind,  # type: ignore[typeddict-item]
    }


MODELS = [
    model(OSS),
    model(f"{OSS}:28k", inference=("PROVISIONED",)),
    model(
        SONNET,
        inference=("INFERENCE_PROFILE",),
        lifecycle={"status": "LEGACY", "startOfLifeTime": LAUNCH, "endOfLifeTime": END},
    ),
    model("amazon.nova-sonic-v1:0", outputs=("SPEECH", "TEXT")),
    model("amazon.titan-embed-text-v2:0", outputs=("EMBEDDING",)),
    model("stability.stable-image-core-v1:0", outputs=("IMAGE",)),
    model("amazon.nova-lite-v1:0", inference=("ON_DEMAND", "INFERENCE_PROFILE")),
    model("twelvelabs.pegasus-1-2-v1:0", inference=("INFERENCE_PROFILE",)),
]
PROFILES = [
    profile(f"us.{SONNET}", SONNET, regions=("us-east-1", "us-west-2")),
    profile("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
    profile("us.stability.stable-image-core-v1:0", "stability.stable-image-core-v1:0"),
    profile("us.twelvelabs.pegasus-1-2-v1:0", "twelvelabs.pegasus-1-2-v1:0"),
    profile("global.xai.grok-4.7", "xai.grok-4.7"),
    profile("abcdef123456", SONNET, kind="APPLICATION"),
]
# Of these lists, what a route serves.
SERVED = [
    "amazon.nova-lite-v1:0",
    "us.amazon.nova-lite-v1:0",
    f"us.{SONNET}",
    OSS,
    "global.xai.grok-4.7",
]
