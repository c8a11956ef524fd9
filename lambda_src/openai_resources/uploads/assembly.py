"""Puts the objects of an upload's parts together into a file's object, a bounded number of bytes at a time.

S3's own multipart upload does that. Its parts have at least 5 MiB, more than a request can bring, so each is made of several
of ours: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from openai_resources.storage import Storage
    from resource_items.upload_item import Part

_MIN_GROUP_BYTES = 8 * 1024 * 1024
# Each reads a group, which has less than _MIN_GROUP_BYTES and one part.
_WORKERS = 4
Group = tuple[int, list["Part"]]


def begun(storage: Storage, object_key: str, content_type: str) -> str:
    """The id of a new multipart upload of S3. The bucket's lifecycle ends it if nobody else does."""
    answer = storage.s3.create_multipart_upload(
        Bucket=storage.bucket, Key=object_key, ContentType=content_type
    )
    return answer["UploadId"]


def md5(storage: Storage, parts: Sequence[Part]) -> str:
    """The hash of the parts' content, in hexadecimal digits. Raises exceptions of boto3."""
    digest, waiting = hashlib.md5(usedforsecurity=False), iter(parts)
    with ThreadPoolExecutor(_WORKERS) as pool:
        while few := list(islice(waiting, _WORKERS)):
            for content in pool.map(lambda part: _read(storage, part), few):
                digest.update(content)
    return digest.hexdigest()


class Assembly:
    """Copies `parts`, in this order, to `object_key` by the multipart upload `transfer` of S3.

    What an earlier call has copied is not copied again. All methods raise exceptions of boto3.
    """

    def __init__(self, storage: Storage, object_key: str, transfer: str, parts: Sequence[Part]) -> None:
        self._storage = storage
        self._target: Any = {"Bucket": storage.bucket, "Key": object_key, "UploadId": transfer}
        self._groups = list(enumerate(grouped(parts), start=1))

    def run(self) -> None:
        """Copies the parts, and makes the object. Another call may do the same at the same time."""
        no_such_upload = self._storage.s3.exceptions.NoSuchUpload
        try:
            etags = self._copied_before()
            missing = [group for group in self._groups if group[0] not in etags]
            with ThreadPoolExecutor(_WORKERS) as pool:
                etags |= dict(pool.map(self._copied, missing))
            self._publish(etags)
        except no_such_upload:  # another call has made the object, or there is none
            self._storage.s3.head_object(Bucket=self._target["Bucket"], Key=self._target["Key"])

    def _copied_before(self) -> dict[int, str]:
        pages = self._storage.s3.get_paginator("list_parts").paginate(**self._target)
        return {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}

    def _copied(self, group: Group) -> tuple[int, str]:
        number, parts = group
        content = b"".join(_read(self._storage, part) for part in parts)
        answer = self._storage.s3.upload_part(**self._target, PartNumber=number, Body=content)
        return number, answer["ETag"]

    def _publish(self, etags: dict[int, str]) -> None:
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": etags[number]} for number, _ in self._groups
        ]
        self._storage.s3.complete_multipart_upload(**self._target, MultipartUpload={"Parts": parts})


def grouped(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """The parts in their order, in groups of at least 8 MiB; the last may be smaller."""
    group: list[Part] = []
    for part in parts:
        group.append(part)
        if sum(one.bytes for one in group) >= _MIN_GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


def _read(storage: Storage, part: Part) -> bytes:
    return storage.s3.get_object(Bucket=storage.bucket, Key=part.object_key)["Body"].read()
