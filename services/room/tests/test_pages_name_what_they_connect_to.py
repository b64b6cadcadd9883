"""The headers of pages and files, by where a request came from and what it calls the server."""

import pytest
from salon_room.http import security_headers
from starlette.requests import Request


def request(host: str | None, scheme: str = "https") -> Request:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    return Request({"type": "http", "scheme": scheme, "path": "/", "query_string": b"", "headers": headers})


def connect_sources(asked: Request) -> str:
    policy = security_headers.of_page(asked)["content-security-policy"].split("; ")
    (sources,) = [each for each in policy if each.startswith("connect-src ")]
    return sources.removeprefix("connect-src ")


@pytest.mark.parametrize("host", ["salon.example", "salon.example:8443", "[2001:db8::1]:8443", "203.0.113.7"])
def test_a_page_connects_to_its_own_server_only(host: str) -> None:
    assert connect_sources(request(host)) == f"'self' wss://{host}"
    assert connect_sources(request(host, "http")) == f"'self' ws://{host} wss://{host}"


@pytest.mark.parametrize(
    "host",
    [
        None, "", "*", "x;script-src *", "x wss:", "x, y", "evil.example/", "x:y", "x" * 300, "[::1", "ä.example",
        "x\x00", "user@x", "x:123456",
    ],
)  # fmt: skip
def test_what_is_no_host_gets_nowhere(host: str | None) -> None:
    assert connect_sources(request(host)) == "'self'"


@pytest.mark.parametrize("headers", [security_headers.of_page, security_headers.of_shared_file])
def test_browsers_stay_with_tls_once_they_had_it(headers: security_headers.Headers) -> None:
    over_tls = headers(request("salon.example:8443"))
    assert over_tls["strict-transport-security"] == "max-age=15552000"
    assert "strict-transport-security" not in headers(request("salon.example", "http"))
    for local in ("localhost:8443", "localhost", "127.0.0.1:8080", "[::1]:1"):
        assert "strict-transport-security" not in headers(request(local))
