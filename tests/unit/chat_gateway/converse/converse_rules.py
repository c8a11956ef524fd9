"""The rules of Converse: the shapes as botocore checks them, and what AWS documents about turns, texts, names and ids."""

from __future__ import annotations

import base64
import copy
import re
from functools import cache
from typing import Any

import botocore.loaders
import botocore.model
import botocore.validate

_NAME, _ID = re.compile(r"[a-zA-Z0-9_-]{1,64}"), re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_DOCUMENT_NAME = re.compile(r"(?! )(?!.*  )[A-Za-z0-9 ()\[\]-]{1,200}")
_SCHEMA_ROOT = "object"
Turn = dict[str, Any]


def check(body: dict[str, Any]) -> None:
    """Fails if Bedrock would refuse the body for its form."""
    _check_shape(body)
    turns = body["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2) + ["user"] * (
        len(turns) % 2
    )
    for turn in turns:
        _check_turn(turn)
    _check_calls(turns)
    for block in body.get("system", []):
        assert "cachePoint" in block or block["text"].strip()
    _check_tools(body)
    blocks = [*body.get("toolConfig", {}).get("tools", []), *body.get("system", []), *all_blocks(turns)]
    assert sum("cachePoint" in block for block in blocks) <= 4
    names = [block["document"]["name"] for block in blocks if "document" in block]
    assert len(names) == len(set(names)) <= 5
    assert sum("image" in block for block in blocks) <= 20


def all_blocks(turns: list[Turn]) -> list[dict[str, Any]]:
    return [block for turn in turns for block in turn["content"]]


@cache
def _shape() -> botocore.model.Shape:
    model = botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    shape = botocore.model.ServiceModel(model).operation_model("Converse").input_shape
    assert shape is not None
    return shape


def _check_shape(body: dict[str, Any]) -> None:
    blobs = copy.deepcopy(body)
    for block in all_blocks(blobs["messages"]):
        for kind in {"image", "document"} & block.keys():
            source = block[kind]["source"]
            source["bytes"] = base64.b64decode(source["bytes"], validate=True)
    report = botocore.validate.ParamValidator().validate({"modelId": "m.m", **blobs}, _shape())
    assert not report.has_errors(), report.generate_report()


def _check_turn(turn: Turn) -> None:
    kinds = {kind for block in turn["content"] for kind in block}
    assert kinds
    assert "document" not in kinds or "text" in kinds
    if turn["role"] == "user":
        assert kinds <= {"text", "image", "document", "toolResult", "cachePoint"}
    else:
        assert kinds <= {"text", "toolUse", "cachePoint"}
    for block in turn["content"]:
        _check_block(block)


def _check_block(block: dict[str, Any]) -> None:
    if "text" in block:
        assert block["text"].strip()
    if "document" in block:
        assert _DOCUMENT_NAME.fullmatch(block["document"]["name"])
    if "toolUse" in block:
        assert _NAME.fullmatch(block["toolUse"]["name"])
        assert _ID.fullmatch(block["toolUse"]["toolUseId"])
        assert isinstance(block["toolUse"]["input"], dict)
    if "toolResult" in block:
        assert [text["text"] for text in block["toolResult"]["content"] if text["text"].strip()]


def _check_calls(turns: list[Turn]) -> None:
    """Each turn's calls have their results in the next turn, before its other content; no id is used twice."""
    called: list[str] = []
    before: set[str] = set()
    for turn in turns:
        kinds = [next(iter(block)) for block in turn["content"] if "cachePoint" not in block]
        results = [block["toolResult"]["toolUseId"] for block in turn["content"] if "toolResult" in block]
        assert sorted(results) == sorted(before)
        assert kinds[: len(results)] == ["toolResult"] * len(results)
        ids = [block["toolUse"]["toolUseId"] for block in turn["content"] if "toolUse" in block]
        called, before = called + ids, set(ids)
    assert not before
    assert len(called) == len(set(called))


def _check_tools(body: dict[str, Any]) -> None:
    blocks = all_blocks(body["messages"])
    assert "toolConfig" in body or not any("toolUse" in block for block in blocks)
    specs = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    names = [spec["name"] for spec in specs]
    assert len(names) == len(set(names))
    assert all(_NAME.fullmatch(name) for name in names)
    assert all(spec["inputSchema"]["json"]["type"] == _SCHEMA_ROOT for spec in specs)
