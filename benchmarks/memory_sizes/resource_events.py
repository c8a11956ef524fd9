"""The largest events of the functions beside the chat function: files, uploads, steps of batches, and clients' keys."""

from __future__ import annotations

import base64
import json

from benchmarks import events
from benchmarks.memory_sizes import large_json, large_stores
from resource_items import batch_lines
from resource_items.batch_item import Batch

_BODY_BYTES = 4_400_000  # of at most 4,500,000
_BOUNDARY = "boundary"


def completed_upload() -> bytes:
    """Completes the upload of the largest file."""
    ids = [part.id for part in large_stores.PARTS]
    return _event(f"/uploads/{large_stores.UPLOAD.id}/complete", json.dumps({"part_ids": ids}).encode())


def worst_json() -> bytes:
    """A new upload, with the JSON that takes the most memory."""
    return _event("/uploads", f'{{"purpose":"batch","x":{large_json.lists(_BODY_BYTES)}}}'.encode())


def file() -> bytes:
    """A file of the largest size that one request can bring."""
    fields = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f.jsonl"\r\n\r\n'
    )
    body = fields.encode() + b"a" * _BODY_BYTES + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return _event("/files", body, content_type=f"multipart/form-data; boundary={_BOUNDARY}")


def step(batch: Batch) -> bytes:
    """SQS's event that asks for the next step of a batch."""
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": batch_lines.step_message(batch.id),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return json.dumps({"Records": [record]}).encode()


def _event(path: str, body: bytes, *, content_type: str = "application/json") -> bytes:
    """API Gateway's event for a POST to a path below the API's version."""
    event = json.loads(events.chat_event(b""))
    full = f"/openai/v1{path}"
    event |= {"resource": full, "path": full, "body": base64.b64encode(body).decode()}
    event["requestContext"] |= {"resourcePath": event["resource"], "path": f"/v1{full}"}
    event["multiValueHeaders"]["Content-Type"] = [content_type]
    return json.dumps(event).encode()
