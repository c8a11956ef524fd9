"""The authorizer of an environment whose clients send JWTs in place of keys."""
