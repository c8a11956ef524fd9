"""The usual Lambda authorizer, which reads one item of a table with boto3."""

import hashlib
import os

import boto3

_table = boto3.resource("dynamodb").Table(os.environ["CLIENTS_TABLE"])


def handle(event, context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    key = {"key_sha256": hashlib.sha256(token.encode()).hexdigest()}
    item = _table.get_item(Key=key, ConsistentRead=True).get("Item")
    api, stage = event["methodArn"].split("/", 2)[:2]
    return {
        "principalId": item["client_id"] if item else "unknown",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if item else "Deny",
                    "Resource": f"{api}/{stage}/*/*",
                }
            ],
        },
    }
