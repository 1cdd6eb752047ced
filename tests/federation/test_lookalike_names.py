"""Row 105: names from elsewhere that pretend to be others: hashtags, display names, handles, keywords of filters."""

from typing import Any

from tests.support.nodes import World
from tests.support.stranger import Stranger


async def test_row_105_hashtags_from_elsewhere_are_what_they_look_like(world: World, alice: Stranger) -> None:
    """Found, followed, filtered and shown as the one hashtag; the first to use it does not decide how all see it."""
    bo = await world["b"].person("bo")
    kept = await bo.act("/api/v2/filters", title="No", context=["public"], keywords_attributes=[{"keyword": "paypal"}])
    assert kept["title"] == "No"
    uris = []
    for name in ("#p\u0430yp\u0430l", "#pay\u200bpal", "#pay\u00adp\u200dal", "#\u202epaypal", "#\uff50aypal"):
        tags = [
            {"type": "Mention", "href": bo.uri, "name": bo.handle},
            {"type": "Hashtag", "name": name, "href": "https://far.test/t"},
        ]
        note = alice.note(f"About {name} here", cc=[bo.uri], tag=tags)
        answer = await alice.deliver(f"{world['b'].url}/inbox", alice.create(note))
        assert answer.is_success
        uris.append(note["id"])
    await world.settle()
    shown: list[Any] = await bo.get("/api/v1/timelines/tag/paypal")
    assert {status["uri"] for status in shown} == set(uris)
    assert [status["filtered"][0]["keyword_matches"] for status in shown] == [["paypal"]] * len(uris)
    (tag,) = (await bo.get("/api/v2/search", q="payp", type="hashtags"))["hashtags"]
    assert tag["name"] == "paypal"
    assert tag["history"][0]["accounts"] == "1"


async def test_row_105_no_name_turns_round_what_stands_beside_it(world: World, alice: Stranger) -> None:
    """A display name loses its signs of direction; a handle with what nobody sees is no handle."""
    alice.profile = {"name": "Bo\u202e(moc.live@)\u2066"}
    alice.publish_profile()
    bo = await world["b"].person("bo")
    (found,) = (await bo.get("/api/v2/search", q=alice.uri, resolve="true"))["accounts"]
    assert found["display_name"] == "Bo(moc.live@)"
    for name in ("al\u00adice", "al\u2060ice", "al\u115fice", "alice\ufe0f"):
        other = Stranger(alice.peer, f"other{ord(name[2])}")
        other.profile = {"preferredUsername": name}
        other.publish_profile()
        assert (await bo.get("/api/v2/search", q=other.uri, resolve="true"))["accounts"] == [], name
