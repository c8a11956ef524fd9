"""A hostile server in place of Bedrock: the caller always gets a completion or an OpenAI error.

scenarios/          what it sends, as data, and which answers are right
server.py           plays a scenario on a raw socket
functions.py        the real functions in processes of their own
trials.py           a scenario tried in one way: what was seen
claims.py           what must hold of every trial

The authorizer and the prover are taken through their errors the same way, to see that their packages lack nothing:

bundles.py          their packages in processes of their own
surroundings.py     AWS, the gateway's API and Bedrock, as they should be or by a script
bundle_trials.py    what is done to them, and what must come of it
"""
