"""The outermost layer: who called, what every answer carries, CORS, and a log line without secrets."""

from ipaddress import ip_network
from typing import Any

import pytest
import structlog
from quart import Quart, request

from node.base.publishing import Publishing
from node.base.settings import Settings
from node.http.edge import Edge
from node.http.headers import finished_headers
from node.http.proxies import network_of, real_client

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def forwarded(*values: str, proto: str = "") -> list[tuple[bytes, bytes]]:
    headers = [(b"x-forwarded-for", value.encode()) for value in values]
    return [*headers, (b"x-forwarded-proto", proto.encode())] if proto else headers


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("203.0.113.9", forwarded("198.51.100.1", proto="https"), ("203.0.113.9", None)),
        ("10.0.0.2", forwarded("198.51.100.1", proto="https"), ("198.51.100.1", "https")),
        ("10.0.0.2", forwarded("1.1.1.1, 198.51.100.1, 10.3.3.3"), ("198.51.100.1", None)),
        ("10.0.0.2", forwarded("1.1.1.1", "198.51.100.1"), ("198.51.100.1", None)),
        ("10.0.0.2", forwarded("8.8.8.8, nonsense"), ("10.0.0.2", None)),
        ("10.0.0.2", forwarded("[2001:db8::5]:443"), ("2001:db8::5", None)),
        ("fd00::1", forwarded("198.51.100.1:5555", proto="gopher"), ("198.51.100.1", None)),
        ("10.0.0.2", [], ("10.0.0.2", None)),
        ("", forwarded("198.51.100.1"), ("", None)),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, headers: Any, expected: Any) -> None:
    assert real_client(peer, headers, PROXIES) == expected


def test_a_caller_is_an_address_or_a_network() -> None:
    assert network_of("198.51.100.1") == "198.51.100.1"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert network_of("::ffff:198.51.100.1") == "198.51.100.1"
    assert network_of("<local>") == "<local>"


def make_app(**changes: Any) -> Quart:
    app = Quart("edge")

    async def who() -> dict[str, Any]:
        return {"client": list(request.scope.get("client") or ()), "scheme": request.scheme}

    async def framed() -> Any:
        return "<p>", 200, {"Content-Type": "text/html", "Content-Security-Policy": "sandbox"}

    app.add_url_rule("/api/who", view_func=who)
    app.add_url_rule("/page", view_func=who, endpoint="page")
    app.add_url_rule("/media/x", view_func=framed)
    app.asgi_app = Edge(app.asgi_app, Settings(**changes), Publishing())  # type: ignore[method-assign,assignment,arg-type]
    return app


async def test_answers_carry_what_browsers_need() -> None:
    client = make_app(public_url="https://social.example").test_client()
    response = await client.get("/api/who")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-RateLimit-Reset" in response.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Strict-Transport-Security" in response.headers
    assert len(response.headers["X-Request-Id"]) == 16


async def test_errors_carry_them_too() -> None:
    response = await make_app().test_client().get("/api/nothing")
    assert response.status_code == 404
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Strict-Transport-Security" not in response.headers


async def test_pages_are_not_readable_elsewhere() -> None:
    response = await make_app().test_client().get("/page")
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_handlers_own_header_stays() -> None:
    response = await make_app().test_client().get("/media/x")
    assert response.headers.getlist("Content-Security-Policy") == ["sandbox"]


@pytest.mark.parametrize(
    "path", ["/api/v1/statuses", "/oauth/token", "/.well-known/nodeinfo", "/nodeinfo/2.0", "/@ann"]
)
async def test_preflight(path: str) -> None:
    """client-api behaviours 8 and 17: any header may be sent."""
    response = (
        await make_app()
        .test_client()
        .options(
            path,
            headers={"Access-Control-Request-Headers": "authorization,idempotency-key", "Origin": "https://x.test"},
        )
    )
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Headers"] == "authorization,idempotency-key"
    assert "DELETE" in response.headers["Access-Control-Allow-Methods"]


async def test_no_preflight_for_pages() -> None:
    response = await make_app().test_client().options("/settings/profile")
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_preflight_cannot_inject_headers() -> None:
    response = (
        await make_app().test_client().options("/api/v1/x", headers={"Access-Control-Request-Headers": "a:b;<script>"})
    )
    assert "<script>" not in response.headers["Access-Control-Allow-Headers"]


async def test_forwarding_headers_reach_the_handler_only_from_proxies() -> None:
    headers = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "X-Request-Id": "abcdefgh12"}
    untrusted = make_app().test_client()
    answer = await untrusted.get("/api/who", headers=headers, scope_base={"client": ("10.0.0.9", 1)})
    assert (await answer.get_json())["client"][0] == "10.0.0.9"
    assert answer.headers["X-Request-Id"] != "abcdefgh12"
    trusted = make_app(trusted_proxies=PROXIES).test_client()
    answer = await trusted.get("/api/who", headers=headers, scope_base={"client": ("10.0.0.9", 1)})
    assert await answer.get_json() == {"client": ["198.51.100.7", 1], "scheme": "https"}
    assert answer.headers["X-Request-Id"] == "abcdefgh12"


async def test_the_access_line_has_no_query() -> None:
    """Attack row 97."""
    with structlog.testing.capture_logs() as lines:
        await (
            make_app()
            .test_client()
            .get("/api/who?access_token=swordfish", headers={"Authorization": "Bearer swordfish"})
        )
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["status"] == 200
    assert line["path"] == "/api/who"
    assert "swordfish" not in str(lines)


def test_html_gets_the_policy_of_pages() -> None:
    found = dict(finished_headers([(b"Content-Type", b"text/html")], path="/", secure=False, request_id=b"x"))
    assert b"script-src 'self'" in found[b"content-security-policy"]
    assert b"unsafe" not in found[b"content-security-policy"]
