"""The own profile under both of its paths: what is sent changes, the rest stays, and it is given back as written."""

from typing import Any

import pytest

from tests.api.test_accounts import picture
from tests.support.nodes import Node, Person

PROFILE = "/api/v1/profile"
CREDENTIALS = "/api/v1/accounts/update_credentials"


async def test_the_profile_is_given_as_it_was_written(ann: Person) -> None:
    before = await ann.get(PROFILE)
    assert (before["avatar"], before["header"], before["avatar_static"]) == (None, None, None)
    changed = await ann.call(
        "PATCH",
        PROFILE,
        json={
            "note": "I like #birds",
            "fields_attributes": [{"name": "Site", "value": "https://ann.example"}],
            "attribution_domains": ["blog.example", "https://News.example/path", "*.more.example"],
            "show_media": False,
            "show_featured": False,
            "hide_collections": True,
        },
    )
    assert changed["note"] == "I like #birds"
    assert changed["fields"] == [{"name": "Site", "value": "https://ann.example", "verified_at": None}]
    assert changed["attribution_domains"] == ["blog.example", "news.example", "more.example"]
    assert (changed["show_media"], changed["show_media_replies"], changed["show_featured"]) == (False, True, False)
    assert changed == await ann.get(PROFILE) == await ann.call("PUT", PROFILE, json={})
    source = (await ann.get("/api/v1/accounts/verify_credentials"))["source"]
    assert source["attribution_domains"] == changed["attribution_domains"]
    assert source["hide_collections"] is True


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"fields_attributes": [{"name": "a", "value": "b"}, {"name": "c", "value": "d"}]}},
        {"json": {"fields_attributes": {"0": {"name": "a", "value": "b"}, "1": {"name": "c", "value": "d"}}}},
        {"data": {
            "fields_attributes[0][name]": "a", "fields_attributes[0][value]": "b",
            "fields_attributes[1][name]": "c", "fields_attributes[1][value]": "d",
        }},
        {"data": {"fields_attributes[][name]": ["a", "c"], "fields_attributes[][value]": ["b", "d"]}},
        {"params": {
            "fields_attributes[0][name]": "a", "fields_attributes[0][value]": "b",
            "fields_attributes[7][name]": "c", "fields_attributes[7][value]": "d",
        }},
    ],
)  # fmt: skip
async def test_client_api_2_fields_in_every_form(ann: Person, sent: dict[str, Any]) -> None:
    await ann.call("PATCH", CREDENTIALS, **sent)
    fields = (await ann.get(PROFILE))["fields"]
    assert [(field["name"], field["value"]) for field in fields] == [("a", "b"), ("c", "d")]
    await ann.call("PATCH", CREDENTIALS, json={"note": "x"})
    assert len((await ann.get(PROFILE))["fields"]) == 2
    await ann.call("PATCH", CREDENTIALS, json={"fields_attributes": [{"name": "", "value": ""}]})
    assert (await ann.get(PROFILE))["fields"] == []


async def test_pictures_come_with_words_and_go_with_them(node: Node, ann: Person) -> None:
    changed = await ann.call(
        "PATCH",
        PROFILE,
        data={"avatar_description": "Me on a bench", "header_description": "The sea"},
        files={"avatar": ("a.png", picture(), "image/png"), "header": ("h.png", picture("blue"), "image/png")},
    )
    assert changed["avatar"].startswith(f"{node.url}/media/")
    assert (await ann.get(f"/api/v1/accounts/{ann.account_id}"))["avatar_description"] == "Me on a bench"
    gone = await ann.call("DELETE", f"{PROFILE}/avatar")
    assert gone["avatar"].endswith("missing.png")
    assert gone["source"]["note"] == ""
    after = await ann.get(PROFILE)
    assert (after["avatar"], after["avatar_description"]) == (None, "")
    assert after["header"] is not None
    await ann.call("DELETE", f"{PROFILE}/header")
    await ann.call("DELETE", f"{PROFILE}/header")
    assert (await ann.get(PROFILE))["header"] is None
    await ann.call("DELETE", f"{PROFILE}/fields", expect=404)


@pytest.mark.parametrize(
    "body",
    [
        {"avatar_description": "x" * 1501},
        {"attribution_domains": [f"s{n}.example" for n in range(11)]},
        {"attribution_domains": ["not a domain at all"]},
    ],
)
async def test_attack_59_what_breaks_a_limit_is_refused_whole(ann: Person, body: dict[str, Any]) -> None:
    await ann.call("PATCH", PROFILE, json={"locked": True, **body}, expect=422)
    assert (await ann.get(PROFILE))["locked"] is False
