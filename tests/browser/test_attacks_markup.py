"""Another server's words in every place they can stand, looked at on every page and in the API: nothing of them runs,
nothing leads where a click would run something, nobody's browser is sent to a third party (attack rows 74, 75, 77, 79).
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.browser.visitor import Visitor
from tests.support.fake_peer import FakePeer
from tests.support.make import make_account, make_token
from tests.support.nodes import Node, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger

BAD = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"'><script>alert(1)</script>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x" onclick=alert(1) style="position:fixed">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.test><meta http-equiv=refresh content=0>",
    "<form action=//evil.test><input name=password></form><base href=//evil.test>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<!-- x",
    '<span class="button danger flash fixed">x</span>',
    "{{ 7 * 7 }}{% raw %}",
    "\u202edlrow\u2066",
]
NOTES = 6
EVIL_URLS = ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "//evil.test/x", "https://evil.test/x"]


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """The whole application."""
    async with serve_node(redis_server) as served:
        yield served


async def evil_peer(peer: FakePeer, node: Node, bob: str) -> tuple[Stranger, list[dict[str, Any]]]:
    """Fill a server with an actor and posts that have something bad in every place; return them, delivered."""
    everything = "".join(BAD)
    profile = {
        "name": everything,
        "summary": everything,
        "url": EVIL_URLS[0],
        "icon": {"type": "Image", "url": EVIL_URLS[0], "name": everything},
        "image": {"type": "Image", "url": EVIL_URLS[1]},
        "attachment": [{"type": "PropertyValue", "name": bad, "value": bad} for bad in BAD[:4]],
        "tag": [{"type": "Emoji", "name": ':x"onerror=:', "icon": {"url": EVIL_URLS[0]}}],
    }
    mallory = Stranger(peer, "mallory", profile=profile)
    notes = []
    for number in range(NOTES):
        bad = "".join(BAD[number::NOTES])
        url = EVIL_URLS[number % len(EVIL_URLS)]
        fields: dict[str, Any] = {
            "summary": bad if number % 2 else None,
            "url": url,
            "attachment": [
                {"type": "Document", "mediaType": "image/png", "url": url, "name": f'" onerror="alert(1) {bad}'},
                {"type": "Document", "mediaType": "text/html", "url": url, "name": bad},
            ],
        }
        note = mallory.note(bad, mentions=[bob], **fields)
        note["content"] = bad
        note["contentMap"] = {'"><script>': bad}
        note["tag"] += [
            {"type": "Hashtag", "name": f"#{bad}", "href": url},
            {"type": "Emoji", "name": ":smile:", "icon": {"type": "Image", "url": url}},
            {"type": "Mention", "name": f"@{bad}", "href": url},
        ]
        note |= {"type": "Article", "name": bad} if number == 4 else {}
        answer = await mallory.deliver(f"{node.url}/inbox", mallory.create(note), now=node.runtime.now())
        assert answer.status_code == 202
        notes.append(note)
    await settle(node.runtime)
    return mallory, notes


def harm(html: str, node: Node) -> list[str]:
    """Return what in a page could run, hide, or call another server."""
    tree = LexborHTMLParser(html)
    found = [n.html or "" for n in tree.css("iframe, object, embed, base, style, svg script, math, meta[http-equiv]")]
    found += [n.html or "" for n in tree.css("script") if not (n.attributes.get("src") or "").startswith("/static/")]
    found += [n.html or "" for n in tree.css("link[rel=stylesheet]") if "/static/" not in (n.attributes["href"] or "")]
    for element in tree.css("*"):
        for name, value in element.attributes.items():
            said = "".join((value or "").split()).lower()
            if name.startswith("on") or name in ("style", "srcdoc"):
                found.append(f"{element.tag} {name}={value}")
            if name in ("href", "src", "action", "formaction", "poster", "xlink:href", "srcset"):
                scheme = said.partition(":")[0] if ":" in said.partition("/")[0] else ""
                if scheme not in ("", "http", "https"):
                    found.append(f"{element.tag} {name}={value}")
                own = said.startswith(("/", "#", "?", node.url)) and not said.startswith("//")
                if name != "href" and said and not own:
                    found.append(f"{element.tag} {name}={value}")
    return [entry[:200] for entry in found]


async def test_rows_75_and_77_nothing_foreign_runs_on_any_page(node: Node) -> None:
    """Timeline, thread, profile, notifications, search; signed in and not."""
    bob = await make_account(node.runtime, "bob")
    token = await make_token(node.runtime, bob.id)
    who = {"Authorization": f"Bearer {token}"}
    async with FakePeer() as peer, Visitor(node.url) as visitor, Visitor(node.url) as stranger:
        mallory, notes = await evil_peer(peer, node, f"{node.url}/users/{bob.id}")
        await visitor.sign_in("bob")
        told = (await node.http.get("/api/v1/notifications?limit=80", headers=who)).json()
        ids = [note["status"]["id"] for note in told if note["status"]]
        assert len(ids) == len(notes)
        profile = f"/@{mallory.handle}"
        pages = ["/notifications", "/home", "/public", f"/search?q={mallory.handle}", f"/search?q={BAD[1]}", profile]
        pages += [f"{profile}/media", f"{profile}/with_replies", f"{profile}/followers"]
        pages += [f"{profile}/{id_}" for id_ in ids]
        seen = 0
        for path in pages:
            for eyes in (visitor, stranger):
                shown = await eyes.open(path)
                assert shown.status == 200, path
                assert harm(shown.response.text, node) == [], path
                seen += "mallory" in shown.response.text
        assert seen > len(ids)
        for id_ in ids:
            status = (await node.http.get(f"/api/v1/statuses/{id_}", headers=who)).json()
            assert harm(status["content"] + status["account"]["note"], node) == []
            for field in status["account"]["fields"]:
                assert harm(field["value"], node) == []
            text = json.dumps(_links(status)).lower()
            assert "javascript:" not in text
            assert "data:" not in text


def _links(value: Any, name: str = "") -> list[str]:
    """Return every value of the API that an app would follow."""
    if isinstance(value, dict):
        return [link for key, inner in value.items() for link in _links(inner, key)]
    if isinstance(value, list):
        return [link for inner in value for link in _links(inner, name)]
    addresses = name.endswith("url") or name in ("uri", "avatar", "header", "avatar_static", "header_static")
    return [value] if addresses and isinstance(value, str) else []
