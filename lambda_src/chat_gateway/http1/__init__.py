"""An HTTP/1.1 transport for httpx with a deadline for each request.

httpx makes the request and response objects; this package sends and reads them. Use it like any httpx transport:

    with httpx.Client(transport=KeptConnections()) as client:
        client.get("https://example.com", timeout=5, extensions={"deadline": time.monotonic() + 30})

`bedrock/client.py` uses the transport without httpx's client. `aws/json_client.py` uses a connection without the transport.

transport.py    KeptConnections: connection pool, timeouts, httpx's exceptions
framing.py      bodies of requests from httpx's client
connect.py      a connected socket, with TLS (tls.py)
connection.py   one request and its answer over one socket
head.py         the answer's status and header fields (RFC 9112 and RFC 9110)
body.py         the answer's body (RFC 9112)
causes.py       names of failures

Limits:

- No HTTP/2, proxies, CONNECT, Upgrade or client certificates. Servers are verified against the system's root certificates.
- Threads, not asyncio.
- One connection for each request in progress. Only idle connections are limited, so httpx's `pool` timeout never applies.
- No retries, not even when a kept connection turns out to be dead.
- Of httpx's request extensions only `timeout` is used: not `trace`, `sni_hostname` or `target`. A response has none of
  httpx's extensions.
- Stricter than the RFCs where two readers could understand an answer differently. Each such rule says so.
"""
