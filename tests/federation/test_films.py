"""Films and sounds between servers, in both directions (OBJ-7, attack rows 67, 85)."""

from typing import Any

import pytest

from tests.api.test_accounts import picture
from tests.federation.test_inbound import send
from tests.support.fake_peer import Answer, FakePeer
from tests.support.films import film, sound
from tests.support.nodes import Node, Person, World
from tests.support.stranger import Stranger


async def newest(reader: Person, writer: Person) -> Any:
    """Return the newest post of a home, which is `writer`'s."""
    (found,) = await reader.get("/api/v1/timelines/home", limit=1)
    assert found["account"]["username"] == writer.username
    return found["media_attachments"][0]


async def upload(person: Person, content: bytes, thumbnail: bytes | None = None, **said: str) -> Any:
    files = {"file": ("x", content, "video/mp4")}
    if thumbnail is not None:
        files["thumbnail"] = ("t", thumbnail, "image/png")
    return await person.call("POST", "/api/v1/media", files=files, data=said)


@pytest.mark.parametrize(("here", "there"), [("a", "b"), ("b", "a")])
async def test_obj_7_a_film_is_shown_whole_and_in_parts(world: World, here: str, there: str) -> None:
    ann, bob = await world[here].person("ann"), await world[there].person("bob")
    await bob.follow(ann)
    await world.settle()
    data = film(size=(96, 64))
    sent = await upload(ann, data, description="A square", focus="0.5,-0.5")
    await ann.post("Look", media_ids=[sent["id"]])
    await world.settle()
    media = await newest(bob, ann)
    assert (media["type"], media["description"], media["blurhash"]) == ("video", "A square", sent["blurhash"])
    assert media["meta"]["original"] == {
        "width": 96, "height": 64, "size": "96x64", "aspect": 1.5, "duration": sent["meta"]["duration"],
    }  # fmt: skip
    assert media["meta"]["focus"] == {"x": 0.5, "y": -0.5}
    assert media["remote_url"] == sent["url"]
    for shown in (media["url"], media["preview_url"]):
        assert shown.startswith(f"{world[there].url}/media/remote/"), "nobody's browser calls the other server"
    original = (await world[here].http.get(sent["url"])).content
    node = world[there]
    part = await node.http.get(media["url"], headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content, part.headers["Content-Type"]) == (206, original[4:12], "video/mp4")
    assert (await node.http.get(media["url"])).content == original
    assert (await node.http.get(media["preview_url"])).headers["Content-Type"] == "image/jpeg"
    assert not list(node.runtime.settings.media_dir.glob("incoming/*"))


async def test_obj_7_a_sound_brings_its_picture_and_length(world: World) -> None:
    ann, bob = await world["a"].person("ann"), await world["b"].person("bob")
    await bob.follow(ann)
    await world.settle()
    sent = await upload(ann, sound(), thumbnail=picture(), description="A hum")
    post = await ann.post("Listen", media_ids=[sent["id"]])
    await world.settle()
    media = await newest(bob, ann)
    assert (media["type"], media["description"]) == ("audio", "A hum")
    assert media["meta"]["duration"] == sent["meta"]["duration"]
    assert (await world["b"].http.get(media["url"])).headers["Content-Type"] == "audio/mpeg"
    assert (await world["b"].http.get(media["preview_url"])).status_code == 200
    document = (await world["a"].http.get(post["uri"], headers={"Accept": "application/activity+json"})).json()
    (attachment,) = document["attachment"]
    assert attachment["mediaType"] == "audio/mpeg"
    assert attachment["icon"]["url"] == sent["preview_url"]
    assert attachment["duration"].startswith("PT1")


async def test_an_edit_of_a_film_reaches_the_others(world: World) -> None:
    ann, bob = await world["a"].person("ann"), await world["b"].person("bob")
    await bob.follow(ann)
    await world.settle()
    sent = await upload(ann, film())
    post = await ann.post("Look", media_ids=[sent["id"]])
    await world.settle()
    attributes = [{"id": sent["id"], "description": "Told later"}]
    body = {"status": "Look", "media_ids": [sent["id"]], "media_attributes": attributes}
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json=body)
    await world.settle()
    assert (await newest(bob, ann))["description"] == "Told later"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (film(), 200),
        (b"#EXTM3U\nfile:///etc/passwd\n", 404),
        (b"<html><script>alert(1)</script>", 404),
        (b'{"type":"Note"}', 404),
        (b"\0\0\0\x18ftypmp42" + b"x" * 40_000, 404),
    ],
    ids=["film", "playlist", "page", "document", "large"],
)
async def test_rows_19_and_85_a_copy_is_a_film_and_not_too_large(
    node: Node, peer: FakePeer, alice: Stranger, content: bytes, status: int
) -> None:
    object.__setattr__(node.runtime.settings, "max_media_bytes", 4096)
    object.__setattr__(node.runtime.settings, "max_video_bytes", 30_000)
    peer.routes["/f.mp4"] = Answer(body=content, content_type="video/mp4")
    bob = await node.person("bob")
    attachment = {"type": "Document", "mediaType": "video/mp4", "url": f"{peer.url}/f.mp4", "duration": "PT1M2.5S"}
    note = alice.note("Look", mentions=[bob.uri], published=node.runtime.now(), attachment=[attachment])
    await send(node, alice, alice.create(note))
    (found,) = (await bob.get("/api/v2/search", q=note["id"], resolve="true"))["statuses"]
    (media,) = found["media_attachments"]
    assert media["meta"]["original"]["duration"] == 62.5
    answer = await node.http.get(media["url"])
    assert answer.status_code == status
    assert not [path for path in node.runtime.settings.media_dir.glob("incoming/*") if path.is_file()]
