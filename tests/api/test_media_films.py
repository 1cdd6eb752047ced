"""Films and sounds over the API (client-api behaviour 18; attack rows 19, 59, 82, 87, 114)."""

import base64
from typing import Any

import pytest
from sqlalchemy import update

from node.media import uploads
from node.media.models import FAILED, Media
from tests.api.test_accounts import picture
from tests.support.films import film, sound
from tests.support.nodes import Node, Person, settle


async def upload(person: Person, content: bytes, version: int = 2, expect: int = 202, **more: Any) -> Any:
    files = {"file": ("../../x.txt", content, "application/activity+json"), **more.pop("files", {})}
    return await person.call("POST", f"/api/v{version}/media", files=files, data=more, expect=expect)


async def test_version_2_answers_at_once_and_is_polled(node: Node, ann: Person) -> None:
    sent = await upload(ann, film(), description="A square", focus="0,0.5")
    assert (sent["type"], sent["url"], sent["preview_url"], sent["description"]) == ("video", None, None, "A square")
    path = f"/api/v1/media/{sent['id']}"
    assert (await ann.call("GET", path, expect=206))["url"] is None
    changed = await ann.call("PUT", path, json={"description": "Red above"})
    assert changed["description"] == "Red above"
    refused = await ann.call("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [sent["id"]]}, expect=422)
    assert refused["error"] == "Cannot attach files that have not finished processing. Try again in a moment!"
    await settle(node.runtime)
    ready = await ann.get(path)
    assert ready["url"].startswith(f"{node.url}/media/")
    assert ready["url"].endswith(".mp4")
    assert ready["preview_url"].endswith(".jpg")
    assert ready["meta"]["original"] | {"bitrate": 0, "duration": 1.0} == {
        "width": 64, "height": 48, "frame_rate": "10/1", "duration": 1.0, "bitrate": 0,
    }  # fmt: skip
    assert ready["meta"]["length"].startswith("0:00:01.")
    assert ready["meta"]["focus"] == {"x": 0.0, "y": 0.5}
    assert ready["meta"]["audio_bitrate"] == "48000 Hz"
    post = await ann.post("look", media_ids=[sent["id"]])
    assert post["media_attachments"][0]["type"] == "video"
    await ann.call("GET", path, expect=404)
    await ann.call("PUT", path, json={"description": "x"}, expect=404)
    found = await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses", only_media="true")
    assert [status["id"] for status in found] == [post["id"]]


async def test_version_1_answers_when_it_is_ready(ann: Person) -> None:
    sent = await upload(ann, sound("ogg", "libopus"), version=1, expect=200)
    assert sent["url"].endswith(".mp3")
    assert (sent["type"], sent["preview_url"]) == ("audio", None)
    await ann.post("listen", media_ids=[sent["id"]])
    await upload(ann, film()[:500], version=1, expect=422)


async def test_what_cannot_be_read_says_so_when_it_is_polled(node: Node, ann: Person) -> None:
    sent = await upload(ann, film()[:900])
    await settle(node.runtime)
    failed = await ann.call("GET", f"/api/v1/media/{sent['id']}", expect=422)
    assert "damaged" in failed["error"]
    refused = await ann.call("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [sent["id"]]}, expect=422)
    assert "could not be processed" in refused["error"]


async def test_a_thumbnail_comes_with_the_upload_or_later(node: Node, ann: Person) -> None:
    small = ("t.png", picture(), "image/png")
    sent = await upload(ann, sound(), version=1, expect=200, files={"thumbnail": small})
    first = sent["preview_url"]
    assert first.startswith(node.url)
    assert sent["meta"]["small"]["width"]
    again = await ann.call("PUT", f"/api/v1/media/{sent['id']}", files={"thumbnail": small})
    assert again["preview_url"] not in (None, first)
    assert again["meta"]["original"] == sent["meta"]["original"]
    assert (await node.http.get(again["preview_url"])).status_code == 200
    assert (await node.http.get(first)).status_code == 404
    waiting = await upload(ann, film(), files={"thumbnail": small})
    shown = waiting["preview_url"]
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/media/{waiting['id']}"))["preview_url"] == shown, "the person's own choice stays"
    await ann.call("PUT", f"/api/v1/media/{sent['id']}", files={"thumbnail": ("x", b"<svg/>", "image/png")}, expect=422)


async def test_films_and_sounds_stand_alone(node: Node, ann: Person) -> None:
    square = await ann.call("POST", "/api/v2/media", files={"file": ("x", picture(), "image/png")})
    heard = await upload(ann, sound(), version=1, expect=200)
    seen = await upload(ann, film(), version=1, expect=200)
    quiet = await upload(ann, film(sound=None), version=1, expect=200)
    assert quiet["type"] == "gifv"
    for ids in ([square["id"], heard["id"]], [heard["id"], seen["id"]]):
        await ann.call("POST", "/api/v1/statuses", json={"media_ids": ids}, expect=422)
    post = await ann.post("both move", media_ids=[square["id"], quiet["id"]])
    body = {"status": "x", "media_ids": [square["id"], seen["id"]]}
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json=body, expect=422)


async def test_deleting_an_upload(node: Node, ann: Person, bob: Person) -> None:
    sent = await upload(ann, film(), version=1, expect=200)
    path = f"/api/v1/media/{sent['id']}"
    await bob.call("DELETE", path, expect=404)
    assert await ann.call("DELETE", path) == {}
    await ann.call("GET", path, expect=404)
    assert (await node.http.get(sent["url"])).status_code == 404
    waiting = await upload(ann, film())
    await ann.call("DELETE", f"/api/v1/media/{waiting['id']}")
    await settle(node.runtime)
    kept = await upload(ann, film(), version=1, expect=200)
    await ann.post("x", media_ids=[kept["id"]])
    await ann.call("DELETE", f"/api/v1/media/{kept['id']}", expect=422)
    assert not [path for path in node.runtime.settings.media_dir.glob("incoming/*") if path.is_file()]


async def test_row_87_a_film_is_its_owners(node: Node, ann: Person, bob: Person) -> None:
    sent = await upload(ann, film())
    path = f"/api/v1/media/{sent['id']}"
    for verb, body in (("GET", None), ("PUT", {"description": "mine"}), ("DELETE", None)):
        await bob.call(verb, path, json=body, expect=404)
    await settle(node.runtime)
    await bob.call("POST", "/api/v1/statuses", json={"media_ids": [sent["id"]]}, expect=422)
    post = await bob.post("x")
    attributes = [{"id": sent["id"], "description": "mine"}]
    body: dict[str, Any] = {"status": "y", "media_ids": [sent["id"]], "media_attributes": attributes}
    await bob.call("PUT", f"/api/v1/statuses/{post['id']}", json=body, expect=422)
    await bob.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "y", "media_attributes": attributes})
    assert (await ann.get(path))["description"] is None
    files = {"avatar": ("x", film(), "image/png")}
    refused = await bob.call("PATCH", "/api/v1/accounts/update_credentials", files=files, expect=422)
    assert "picture" in refused["error"]


async def test_row_87_a_film_is_gone_with_its_post_and_stays_for_a_redraft(node: Node, ann: Person) -> None:
    sent = await upload(ann, film(), version=1, expect=200)
    post = await ann.post("tpyo", media_ids=[sent["id"]])
    gone = await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    assert gone["media_attachments"][0]["url"] == sent["url"]
    again = await ann.post("typo", media_ids=[sent["id"]])
    await ann.call("DELETE", f"/api/v1/statuses/{again['id']}?delete_media=true")
    await settle(node.runtime)
    for url in (sent["url"], sent["preview_url"]):
        assert (await node.http.get(url)).status_code == 404


async def test_an_edit_changes_words_focus_and_nothing_of_others(ann: Person) -> None:
    sent = await upload(ann, film(), version=1, expect=200)
    post = await ann.post("x", media_ids=[sent["id"]])
    attributes = [{"id": sent["id"], "description": "New", "focus": "0.1,0.2"}]
    body = {"status": "x", "media_ids": [sent["id"]], "media_attributes": attributes}
    media = (await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json=body))["media_attachments"][0]
    assert (media["description"], media["meta"]["focus"]) == ("New", {"x": 0.1, "y": 0.2})
    assert media["url"] == sent["url"]
    attributes[0]["description"] = "x" * 1501
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json=body, expect=422)


async def test_an_edit_gives_a_film_another_picture(node: Node, ann: Person) -> None:
    """As text, which is how apps send a file within JSON; what is no picture is refused."""
    sent = await upload(ann, film(), version=1, expect=200)
    post = await ann.post("x", media_ids=[sent["id"]])
    text = "data:image/png;base64," + base64.b64encode(picture()).decode()
    attributes = [{"id": sent["id"], "thumbnail": text}]
    body = {"status": "x", "media_ids": [sent["id"]], "media_attributes": attributes}
    path = f"/api/v1/statuses/{post['id']}"
    media = (await ann.call("PUT", path, json=body))["media_attachments"][0]
    assert media["preview_url"] != sent["preview_url"]
    assert media["meta"]["original"] == sent["meta"]["original"]
    assert (await node.http.get(media["preview_url"])).status_code == 200
    for wrong in ("data:image/png;base64,!!", "https://there.test/x.png", "data:image/svg+xml;base64,PHN2Zy8+"):
        attributes[0]["thumbnail"] = wrong
        await ann.call("PUT", path, json=body, expect=422)


async def test_row_87_an_edit_touches_the_files_of_its_post_alone(ann: Person) -> None:
    sent = await upload(ann, film(), version=1, expect=200)
    other, post = await ann.post("with", media_ids=[sent["id"]]), await ann.post("without")
    body = {"status": "y", "media_attributes": [{"id": sent["id"], "description": "behind its back"}]}
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json=body)
    assert (await ann.get(f"/api/v1/statuses/{other['id']}"))["media_attachments"][0]["description"] is None


async def test_row_59_uploads_without_a_post_are_counted(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UNATTACHED", 1)
    await upload(ann, film())
    assert "too many uploads" in (await upload(ann, film(), expect=422))["error"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Note","id":"x"}',
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"<html><script>alert(1)</script>",
    ],
)
async def test_rows_19_and_82_what_is_no_film_is_refused_at_once(ann: Person, content: bytes) -> None:
    await upload(ann, content, expect=422)


async def test_a_film_is_served_in_parts_and_can_do_nothing(node: Node, ann: Person) -> None:
    sent = await upload(ann, film(), version=1, expect=200)
    whole = await node.http.get(sent["url"])
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert whole.headers["Access-Control-Allow-Origin"] == "*"
    size = len(whole.content)
    for asked, start, end in (("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=-5", size - 5, size),
                              ("bytes=7-", 7, size), (f"bytes=5-{size * 9}", 5, size)):  # fmt: skip
        part = await node.http.get(sent["url"], headers={"Range": asked})
        assert part.status_code == 206, asked
        assert part.content == whole.content[start:end]
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.headers["Content-Type"] == "video/mp4"
    for wrong in (f"bytes={size}-", f"bytes={size * 2}-{size * 3}", "bytes=-0"):
        refused = await node.http.get(sent["url"], headers={"Range": wrong})
        assert refused.status_code == 416, wrong
        assert refused.headers["Content-Range"] == f"bytes */{size}"
    for strange in ("bytes=a-b", "bytes=9-3", "lines=1-2", "bytes=0-1,4-5", "bytes=" + "1-2," * 500):
        answer = await node.http.get(sent["url"], headers={"Range": strange})
        assert answer.status_code in (200, 416), strange
    tagged = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert (await node.http.get(sent["url"], headers=tagged)).status_code == 200


async def test_the_instance_says_what_it_takes(node: Node, ann: Person) -> None:
    for version in (1, 2):
        limits = (await node.http.get(f"/api/v{version}/instance")).json()["configuration"]["media_attachments"]
        assert {"video/mp4", "video/webm", "audio/mpeg", "audio/ogg", "image/png"} <= set(
            limits["supported_mime_types"]
        )
        assert limits["video_size_limit"] == node.runtime.settings.max_video_bytes == 99 * 1024 * 1024
        assert limits["video_matrix_limit"] == 3840 * 2160
        assert limits["video_frame_rate_limit"] == 120


async def test_a_failed_upload_says_its_reason(node: Node, ann: Person) -> None:
    sent = await upload(ann, film())
    async with node.runtime.write() as uow:
        values = {"state": FAILED, "problem": "It broke", "due_at": None}
        await uow.write(update(Media).where(Media.id == int(sent["id"])).values(**values))
    assert (await ann.call("GET", f"/api/v1/media/{sent['id']}", expect=422)) == {"error": "It broke"}
