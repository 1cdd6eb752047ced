"""Requests that are bent out of shape: every one has a plain answer, none an accident (attack rows 29, 31, 83, 111)."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from admin.serve import build_app
from node.http.bodies import PLAIN_BYTES, UploadSizes, largest_body
from tests.support.make import make_account, make_token
from tests.support.nodes import Node, open_node, serve_node
from tests.support.redis_server import RedisServer

MEDIA = 8_000_000


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """The whole application behind a real socket."""
    async with serve_node(redis_server) as served:
        yield served


async def raw(node: Node, target: str, *, headers: str = "") -> tuple[int, bytes]:
    """Send a request line as it stands and return (status, whole answer)."""
    parts = urlsplit(node.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{headers}\r\n".encode())
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize(
    "target",
    [
        "//api/v1/accounts/verify_credentials",
        "///api/v1/instance",
        "//evil.test/",
        "http://evil.test/api/v1/instance",
        "http://[::1/livez",
        "/api/v1/timelines/tag/a%00b",
        "/@a%00b",
        "/static/%00",
        "/media/%00",
    ],
)
async def test_row_111_paths_that_two_readers_would_read_differently(node: Node, target: str) -> None:
    """The router and what guards by path see one path, or nobody answers; NUL reaches no database (row 29)."""
    ann = await node.person("ann")
    status, answer = await raw(node, target, headers=f"Authorization: Bearer {ann.token}\r\n")
    assert status == 400, answer[:200]
    assert b'{"error":' in answer
    assert b"ann" not in answer


@pytest.mark.parametrize("path", ["/media/remote/{}", "/media/remote/{}/avatar", "/media/remote/{}/header"])
@pytest.mark.parametrize("id_", ["9223372036854775808", "9" * 30])
async def test_row_111_ids_that_no_database_holds(node: Node, path: str, id_: str) -> None:
    assert (await node.http.get(path.format(id_))).status_code == 404


@pytest.mark.parametrize(
    "path", ["a" * 5000, "a/" * 900, "..%2f..%2frendering.py", "%2e%2e/rendering.py", "/etc/passwd"]
)
async def test_row_83_static_files_only(node: Node, path: str) -> None:
    assert (await node.http.get(f"/static/{path}")).status_code == 404


@pytest.mark.parametrize("path", ["/api/v2/media", "/api/v1/statuses", "/auth/sign_in", "/auth/sign_up"])
async def test_row_111_a_form_part_without_a_name(node: Node, path: str) -> None:
    """It is nobody's value: the request is judged by the rest."""
    ann = await node.person("ann")
    body = b"--a\r\nContent-Disposition: form-data\r\n\r\nhello\r\n--a--\r\n"
    answer = await node.http.post(
        path,
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=a", "Authorization": f"Bearer {ann.token}"},
    )
    assert answer.status_code in {403, 422}


async def test_row_31_strangers_send_no_pictures(node: Node) -> None:
    """Where nobody is signed in there is nothing to attach, so a form has the small cap, whatever its type."""
    form = "multipart/form-data; boundary=a"
    for path in ("/auth/sign_in", "/auth/sign_up", "/auth/password/forgot", "/auth/password/reset", "/setup"):
        assert largest_body(path, form, UploadSizes(MEDIA, MEDIA)) == PLAIN_BYTES
    for path in ("/web/posts", "/settings/profile", "/api/v2/media"):
        assert largest_body(path, form, UploadSizes(MEDIA, MEDIA)) > MEDIA
    body = (
        b'--a\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n' + b"a" * 2_000_000 + b"\r\n--a--\r\n"
    )
    answer = await node.http.post("/auth/sign_in", content=body, headers={"Content-Type": form})
    assert answer.status_code == 413


async def test_row_113_figures_are_for_this_machine(node: Node) -> None:
    """A request that came through a proxy is from who knows where, whatever it says of itself."""
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert (await node.http.get("/metrics", headers={name: "127.0.0.1"})).status_code == 404
    app = build_app(node.runtime)
    transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=node.url) as far:
        assert (await far.get("/metrics")).status_code == 404
        assert (await far.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 404
        for path in ("/admin", "/admin/accounts", "/admin/domains"):
            assert (await far.get(path)).status_code == 303


WEIRD = ["%00", "%ED%A0%80", "9223372036854775807", "9" * 26, "a" * 3000]
QUERIES = [
    "/.well-known/webfinger?resource={}",
    "/.well-known/webfinger?resource=acct:{}@HOST",
    "/.well-known/webfinger?resource=http://HOST/@{}",
    "/.well-known/webfinger?resource=http://HOST/users/{}",
    "/api/v1/accounts/lookup?acct={}",
    "/api/v1/accounts/lookup?acct=a@{}",
    "/api/v1/accounts/search?q={}",
    "/api/v1/accounts/relationships?id[]={}",
    "/api/v1/statuses?id[]={}",
    "/api/v1/notifications?types[]={}&max_id={}",
    "/api/v1/timelines/home?max_id={}&limit={}",
    "/api/v1/timelines/tag/x?any[]={}",
    "/api/v2/search?q={}",
    "/search?q={}",
    "/search?q=%23{}",
    "/public?min_id={}",
    "/web/fresh?since_id={}&timeline={}",
    "/auth/sign_in?return_to={}",
    "/setup?token={}",
    "/auth/confirm?token={}",
]


async def test_rows_29_and_111_nonsense_in_every_path(redis_server: RedisServer, database_url: str) -> None:
    """A database that takes no NUL and no wide number is never asked with one; both kinds of database."""
    async with open_node(redis_server, database_url=database_url) as runtime:
        app = build_app(runtime)
        ann = await make_account(runtime, "ann")
        who = {"Authorization": f"Bearer {await make_token(runtime, ann.id)}"}
        host = urlsplit(runtime.settings.public_url).netloc
        paths = {re.sub("<[^>]*>", "{}", rule.rule) for rule in app.url_map.iter_rules()}
        broken = []
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=runtime.settings.public_url) as http:
            for path in sorted(path for path in paths | set(QUERIES) if "{}" in path):
                for weird in WEIRD:
                    target = path.replace("{}", weird).replace("HOST", host)
                    answer = await http.get(target, headers=who)
                    broken += [(target, answer.status_code)] if answer.status_code >= 500 else []
        assert broken == []
