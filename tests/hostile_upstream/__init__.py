"""A hostile server in place of Bedrock: the caller always gets a completion or an OpenAI error.

scenarios/          what the server sends, as data, and the correct answers
converse.py         the correct answers of Converse and ApplyGuardrail
server.py           plays a scenario on a raw socket
functions.py        the real functions, each in its own process
trials.py           one scenario in one way of asking, and what was observed
claims.py           what must be true of every trial
names.py            model names of two targets, one of them hostile; named_claims.py: what must be true of them

The authorizer's and the prover's packages are checked in the same way, on each of their errors:

bundles.py          their packages, each in its own process
surroundings.py     AWS, the gateway's API and Bedrock, working correctly or by a script
bundle_trials.py    their events, and the expected outcomes
"""
