"""Trends across servers: what arrives counts here, and what another server says is shown with its name."""

from typing import Any

import pytest

from node.base.errors import Invalid
from node.cards.models import LinkCard
from node.moderation.service import set_domain_policy
from node.posts.hashtags import keep_hashtag
from node.trends.models import TrendPeer
from node.trends.pool import add_peer as add
from node.trends.pool import ask_one, pooled_trends, remove_peer
from node.trends.pool_queries import list_peers
from node.trends.review import decide
from node.trends.service import forget_boards
from tests.support.nodes import Node, World


async def add_peer(node: Node, domain: str) -> None:
    async with node.runtime.write() as uow:
        await add(uow, node.runtime.settings, domain, actor_id=None, now=node.runtime.now())


async def elsewhere(node: Node) -> dict[str, Any]:
    node.runtime.caches.get("trend_pool", size=1, seconds=1).clear()
    return await pooled_trends(node.runtime)


async def test_posts_of_others_make_trends_here_and_their_trends_are_shown_too(world: World) -> None:
    """Likes and posts that came over the wire, noted by the relay; then the other server is asked, and once more."""
    a, b = world["a"], world["b"]
    # Whom she alone knows make a trend together: she runs the server.
    ann, bob, cara = (
        await a.person("ann", role="admin"),
        await b.person("bob"),
        await b.person("cara", discoverable=True),
    )
    for other in (bob, cara):
        await ann.follow(other)
    await world.settle()
    await bob.post("So many #herons")
    post = await cara.post("<b>Two</b> more #herons & a crane")
    await bob.act(f"/api/v1/statuses/{post['id']}/favourite")
    await (await b.person("dan")).act(f"/api/v1/statuses/{post['id']}/favourite")
    await world.settle()
    forget_boards(a.runtime)
    assert [tag["name"] for tag in (await a.http.get("/api/v1/trends/tags")).json()] == ["herons"]

    await add_peer(a, b.runtime.settings.domain)
    forget_boards(b.runtime)
    await world.settle()
    shown = (await elsewhere(a))[b.runtime.settings.domain]
    assert [tag.name for tag in shown["tags"]] == ["herons"]
    assert [(one.url, one.by) for one in shown["posts"]] == [(post["uri"], "cara")]
    assert "Two" in shown["posts"][0].name
    assert "<" not in shown["posts"][0].name.replace("<b>Two</b>", "")
    page = (await a.http.get("/explore", headers={"Accept": "text/html"})).text
    assert f"Also talked about on {b.runtime.settings.domain}" in page
    # Row 106: who does not want to be found any more is found nowhere, whoever told of them and when.
    await cara.call("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    await world.settle()
    assert (await elsewhere(a))[b.runtime.settings.domain]["posts"] == []
    # Row 105: what our moderators excluded is not shown as the word of others either, nor what looks like it.
    async with a.runtime.write() as uow:
        tag = await keep_hashtag(uow, "herons", "herons", a.runtime.now())
        await decide(uow, a.runtime, "tag", tag, allowed=False, actor_id=None, now=a.runtime.now())
    assert (await pooled_trends(a.runtime))[b.runtime.settings.domain]["tags"] == []
    assert not await ask_one(a.runtime), "not before a quarter of an hour"
    a.clock.advance(minutes=16)
    assert await ask_one(a.runtime)
    assert b.runtime.settings.domain in await elsewhere(a)
    async with a.runtime.write() as uow:
        assert await remove_peer(uow, b.runtime.settings.domain, actor_id=None, now=a.runtime.now())
    assert await elsewhere(a) == {}


async def test_rows_47_and_105_nothing_of_excluded_sites_and_suspended_hosts_comes_round_by_others(
    world: World,
) -> None:
    a = world["a"]
    said = {
        "links": [{"name": "A page", "url": f"https://{host}/page"} for host in ("ads.test", "news.test")],
        "posts": [{"name": "A post", "url": f"https://{host}/1"} for host in ("evil.test", "good.test")],
    }
    now = a.runtime.now()
    async with a.runtime.write() as uow:
        uow.add(TrendPeer(domain="peer.test", created_at=now, due_at=now, asked_at=now, fetched_at=now, body=said))
        ads = "https://ads.test/known"
        uow.add(LinkCard(id=7, url=ads, page_url=ads, host="ads.test", state="ready", due_at=now, created_at=now))
        await decide(uow, a.runtime, "publisher", "ads.test", allowed=False, actor_id=None, now=now)
        await set_domain_policy(uow, a.runtime.settings, "evil.test", "suspend", reject_media=False, now=now)
    shown = (await elsewhere(a))["peer.test"]
    assert [link.url for link in shown["links"]] == ["https://news.test/page"]
    assert [post.url for post in shown["posts"]] == ["https://good.test/1"]


async def test_a_server_that_fails_is_asked_less_and_less_and_shown_no_more(world: World) -> None:
    a = world["a"]
    with pytest.raises(Invalid):
        await add_peer(a, a.runtime.settings.domain)
    await add_peer(a, "127.0.0.1:9")
    for failures in (1, 2, 3):
        a.clock.advance(hours=3)
        assert await ask_one(a.runtime)
        async with a.runtime.read() as reader:
            (peer,) = await list_peers(reader)
        assert peer.failures == failures
        assert peer.detail
        assert await elsewhere(a) == {}
    assert (peer.due_at - a.runtime.now()).total_seconds() > 3_600
