"""Writes an object of any size to S3 in parts, in memory that does not grow with the object.

The caller keeps the upload's id and the number of parts. If it is killed, it goes on after the last part that it kept, and
must send the same bytes again: a part that was sent before is replaced.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# Parts but the last have at least 5 MiB, and there are at most 10,000:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 8 * 1024 * 1024
_JSONL = "application/jsonl"


class PartedObject(NamedTuple):
    """An object that is written in parts. Methods raise botocore's errors."""

    s3: S3Client
    bucket: str
    key: str

    def begin(self) -> str:
        """The id of a new upload."""
        answer = self.s3.create_multipart_upload(Bucket=self.bucket, Key=self.key, ContentType=_JSONL)
        return answer["UploadId"]

    def send(self, upload_id: str, number: int, content: bytes) -> None:
        """Sends the part `number`, counted from 1."""
        self.s3.upload_part(
            Bucket=self.bucket, Key=self.key, UploadId=upload_id, PartNumber=number, Body=content
        )

    def complete(self, upload_id: str, number: int, last: bytes) -> None:
        """Sends the last part, unless it is empty, and makes the object of all parts. May be repeated."""
        if self._exists():
            return
        if last:
            self.send(upload_id, number, last)
        parts = list(self._parts(upload_id))
        self.s3.complete_multipart_upload(
            Bucket=self.bucket, Key=self.key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )

    def put(self, content: bytes) -> None:
        """Writes the whole object at once."""
        self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=content, ContentType=_JSONL)

    def content(self) -> bytes:
        """The whole object."""
        return self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()

    def _exists(self) -> bool:
        """Whether an earlier step has made the object."""
        try:
            self.s3.head_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def _parts(self, upload_id: str) -> Iterator[CompletedPartTypeDef]:
        pages = self.s3.get_paginator("list_parts").paginate(
            Bucket=self.bucket, Key=self.key, UploadId=upload_id
        )
        for page in pages:
            for part in page.get("Parts", []):
                yield {"PartNumber": part["PartNumber"], "ETag": part["ETag"]}
