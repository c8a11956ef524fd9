"""STS's answers, as AWS documents them."""

from __future__ import annotations

import json

XML = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::210987654321:assumed-role/bedrock/gateway-api</Arn>
      <AssumedRoleId>AROAEXAMPLE:gateway-api</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{key_id}</AccessKeyId>
      <SecretAccessKey>{secret}</SecretAccessKey>
      <SessionToken>
        {token}
      </SessionToken>
      <Expiration>{expiration}</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleResponse>
"""
ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>{code}</Code><Message>User: arn may not perform sts:AssumeRole</Message></Error>
  <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
</ErrorResponse>
"""
KEY_ID, SECRET, TOKEN = "ASIAEXAMPLE", "wJalr/XUtn+FEMI=", "FQoGZXIvYXdzEB//token=="


def xml(
    key_id: str = KEY_ID, secret: str = SECRET, token: str = TOKEN, expiration: str = "2026-11-27T23:00:00Z"
) -> bytes:
    return XML.format(key_id=key_id, secret=secret, token=token, expiration=expiration).encode()


def as_json(expiration: object, **changes: object) -> bytes:
    fields = {
        "AccessKeyId": KEY_ID,
        "SecretAccessKey": SECRET,
        "SessionToken": TOKEN,
        "Expiration": expiration,
    }
    result = {"Credentials": {**fields, **changes}}
    return json.dumps({"AssumeRoleResponse": {"AssumeRoleResult": result}}).encode()


def error(code: str) -> bytes:
    return ERROR.format(code=code).encode()
