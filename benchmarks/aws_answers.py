"""The answers of AWS services to the functions' calls. Every call succeeds."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import Any

KEY = "bedrock-api-key-benchmark"
_TODAY = time.strftime("%Y-%m-%d", time.gmtime())
_FIXED = {
    b"secretsmanager.GetSecretValue": {"Name": "bedrock-key", "SecretString": KEY},
    b"DynamoDB_20120810.GetItem": {"Item": {"client_id": {"S": "team"}, "last_used_on": {"S": _TODAY}}},
}
# The partition key of the usage table. Other tables' items have none of this name.
USAGE_KEY = "pk"
# A change in an update expression: an attribute or a map's entry, and its new value. What is added to is 0.
_CHANGE = re.compile(r"(#\w+(?:\.#\w+)?)(?: =)? (:\w+)")


def answer(target: bytes, body: bytes) -> bytes:
    """The JSON answer to the operation in the header `x-amz-target`."""
    if target in _FIXED:
        return json.dumps(_FIXED[target]).encode()
    request = json.loads(body)
    if target.endswith(b".UpdateItem") and USAGE_KEY in request["Key"]:
        return json.dumps(_usage_answer(request)).encode()
    return json.dumps(_worker_answer(target, request)).encode()


def _usage_answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to an update of the usage table: the item after it if the update asks for that."""
    if request.get("ReturnValues") != "ALL_NEW":
        return {}
    names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
    item: dict[str, Any] = {}
    for path, value in _CHANGE.findall(request["UpdateExpression"]):
        *maps, name = (names[part] for part in path.split("."))
        holder = item
        for map_name in maps:
            holder = holder.setdefault(map_name, {"M": {}})["M"]
        holder[name] = values[value]
    return {"Attributes": item}


def _worker_answer(target: bytes, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to an SQS or DynamoDB call of the jobs worker."""
    if target.endswith(b".UpdateItem"):
        values, none = request["ExpressionAttributeValues"], {"S": ""}
        claim = {"leased_by": values.get(":owner", none), "client": values.get(":client", none)}
        return {"Attributes": {**claim, "attempts": {"N": "1"}}}
    if b"Batch" in target:
        done = [{"Id": entry["Id"], **_sent(entry.get("MessageBody"))} for entry in request["Entries"]]
        return {"Successful": done, "Failed": []}
    return _sent(request.get("MessageBody"))


def _sent(text: str | None) -> dict[str, str]:
    """The answer's ids for a sent message. boto3 checks the MD5 of the message."""
    if text is None:
        return {}
    return {
        "MessageId": "m",
        "MD5OfMessageBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    }
