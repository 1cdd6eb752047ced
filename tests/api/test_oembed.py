"""Open posts for other sites: a plain quotation of what anybody may read (rows 42, 75, 98)."""

import pytest

from tests.support.nodes import Node, Person


async def test_an_open_post(node: Node, ann: Person) -> None:
    post = await ann.post("Hello <b>you</b>\n#birds & more")
    for url in (post["url"], post["uri"], post["url"] + "?x=1#y"):
        answer = await node.http.get("/api/oembed", params={"url": url, "maxwidth": "300"})
        assert answer.status_code == 200
        said = answer.json()
        assert (said["type"], said["version"], said["width"], said["height"]) == ("rich", "1.0", 300, None)
        assert said["author_name"] == "Ann"
        assert said["author_url"] == f"{node.url}/@ann"
        assert said["provider_url"] == node.url
        assert "Hello &lt;b&gt;you&lt;/b&gt;<br>#birds &amp; more" in said["html"]
        assert f'cite="{post["url"]}"' in said["html"]
        for tag in ("<iframe", "<script", "<b>", " style", " on"):
            assert tag not in said["html"].replace(" on ", "")
    wide = await node.http.get("/api/oembed", params={"url": post["url"], "maxwidth": "100000"})
    assert wide.json()["width"] == 400


async def test_a_warning_stands_for_what_is_behind_it(node: Node, ann: Person) -> None:
    post = await ann.post("the end", spoiler_text="spoiler")
    said = (await node.http.get("/api/oembed", params={"url": post["url"]})).json()
    assert "the end" not in str(said)
    assert said["title"] == "spoiler"


async def test_what_is_not_for_everybody_is_not_there(node: Node, ann: Person, bob: Person) -> None:
    """The same answer as for what never was, with a token too."""
    opened = await ann.post("open")
    hidden = [await ann.post("no", visibility=visibility) for visibility in ("private", "direct")]
    hidden.append(await ann.post("ours", local_only=True))
    hidden.append(await bob.act(f"/api/v1/statuses/{opened['id']}/reblog"))
    gone = await ann.post("gone")
    await ann.call("DELETE", f"/api/v1/statuses/{gone['id']}")
    urls = [f"{node.url}/@ann/{post['id']}" for post in [*hidden, gone]]
    urls += [f"{node.url}/@ann/1", f"{node.url}/@ann", "https://else.example/@ann/1", "javascript:alert(1)"]
    urls += [f"{node.url}.evil.test/@ann/{opened['id']}", f"{node.url}/@ann/{'9' * 19}"]
    for url in urls:
        assert (await node.http.get("/api/oembed", params={"url": url})).status_code == 404, url
        await ann.call("GET", "/api/oembed", params={"url": url}, expect=404)


@pytest.mark.parametrize(("params", "status"), [({}, 422), ({"url": "x", "format": "xml"}, 400), ({"url": ""}, 422)])
async def test_what_is_no_question(node: Node, params: dict[str, str], status: int) -> None:
    assert (await node.http.get("/api/oembed", params=params)).status_code == status
