"""The bucket of files' contents."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import acknowledgements
from resource_items import batch_state, file_item, upload_item

# A day more than the items, because S3 rounds up to the next midnight (UTC):
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
_MARGIN_DAYS = 1
_DAY_S = 86_400
_SHORT_LIVED = (
    (upload_item.OBJECTS, upload_item.KEPT_S),
    (batch_state.HELD_OBJECTS, batch_state.HELD_KEPT_S),
)


class FilesBucket(Construct):
    """The contents of files, the parts of uploads, and the indexes of batches. All are deleted after a time."""

    def __init__(self, scope: Construct, id_: str, *, readable_by_pages: bool = False) -> None:
        """`readable_by_pages`: a page in a browser may follow a presigned URL."""
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(file_item.MAX_KEPT_S // _DAY_S + _MARGIN_DAYS),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(2),
                ),
                *[
                    s3.LifecycleRule(prefix=prefix, expiration=cdk.Duration.days(kept_s // _DAY_S))
                    for prefix, kept_s in _SHORT_LIVED
                ],
            ],
            # CloudFormation cannot delete a bucket that holds objects. The lifecycle rules delete the objects.
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        if readable_by_pages:
            # Behind a redirect to another host, a browser sends the origin `null`: https://fetch.spec.whatwg.org/#http-redirect-fetch
            self.bucket.add_cors_rule(
                allowed_methods=[s3.HttpMethods.GET], allowed_origins=["*"], allowed_headers=["*"]
            )
        acknowledgements.acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            "Access logs need a second bucket, and would hold presigned URLs. CloudTrail logs reads by IAM.",
        )
