"""HTTP/1.1 by a deadline: an httpx transport of our own, and what it is made of.

httpx makes requests and responses; this package sends the ones and reads the others. It mounts like any transport:

    with httpx.Client(transport=KeptConnections()) as client:
        client.get("https://example.com", timeout=5, extensions={"deadline": time.monotonic() + 30})

`bedrock/client.py` calls the transport without httpx's client, and `aws/json_client.py` a connection without the transport.

transport.py    KeptConnections: which connection a request goes over, its timeouts, httpx's exceptions
framing.py      the bodies of the requests that httpx's client makes
connect.py      a connected socket, with TLS (tls.py)
connection.py   one request and its answer over one socket
head.py         the answer's status and fields, by RFC 9112 and RFC 9110
body.py         the answer's body, by RFC 9112
causes.py       a failure in words

Its limits:

- No HTTP/2, proxies, CONNECT, Upgrade or client certificates. Servers are verified against the system's root certificates.
- Threads, not asyncio.
- As many connections at once as requests: only those that are idle are limited, so that httpx's `pool` timeout never ends.
- A request is sent once: nothing is retried, also where a kept connection turns out to be dead.
- Of httpx's extensions it heeds `timeout`, and not `trace`, `sni_hostname` or `target`; a response has none of httpx's own.
- Stricter than the RFCs where two readers could understand an answer differently. Each such rule says so.
"""
