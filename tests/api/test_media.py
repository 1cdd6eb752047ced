"""Uploads (client-api behaviour 18, attack rows 82, 86, 87)."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.api.test_accounts import picture
from tests.support.nodes import Node, Person


async def upload(person: Person, version: int = 2, expect: int = 200, content: bytes | None = None, **data: str) -> Any:
    files = {"file": ("../../x.png", picture() if content is None else content, "text/html")}
    return await person.call("POST", f"/api/v{version}/media", files=files, data=data, expect=expect)


@pytest.mark.parametrize("version", [1, 2])
async def test_upload_look_change_attach(node: Node, ann: Person, version: int) -> None:
    sent = await upload(ann, version, description="A red square", focus="0.5,-0.25")
    assert sent["type"] == "image"
    assert sent["url"].startswith(f"{node.url}/media/")
    assert sent["preview_url"].startswith("http")
    assert sent["description"] == "A red square"
    assert sent["blurhash"]
    assert {"width", "height", "aspect"} <= sent["meta"]["original"].keys()
    assert sent["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    path = f"/api/v1/media/{sent['id']}"
    assert (await ann.get(path))["url"] == sent["url"]
    changed = await ann.call("PUT", path, json={"description": "Red", "focus": "0,0"})
    assert changed["description"] == "Red"
    assert changed["url"] == sent["url"]
    post = await ann.call("POST", "/api/v1/statuses", data={"media_ids[]": sent["id"]})
    assert [media["id"] for media in post["media_attachments"]] == [sent["id"]]
    assert post["media_attachments"][0]["description"] == "Red"
    await ann.call("GET", path, expect=404)
    found = await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses", only_media="true")
    assert [status["id"] for status in found] == [post["id"]]


async def test_an_edit_changes_descriptions(ann: Person) -> None:
    sent = await upload(ann)
    post = await ann.post("x", media_ids=[sent["id"]])
    path = f"/api/v1/statuses/{post['id']}"
    body = {"status": "y", "media_ids": [sent["id"]], "media_attributes": [{"id": sent["id"], "description": "New"}]}
    changed = await ann.call("PUT", path, json=body)
    assert changed["media_attachments"][0]["description"] == "New"
    assert len((await ann.call("PUT", path, json={"status": "z"}))["media_attachments"]) == 1
    assert (await ann.call("PUT", path, json={"status": "z", "media_ids": []}))["media_attachments"] == []


async def test_delete_and_write_anew(ann: Person) -> None:
    sent = await upload(ann)
    post = await ann.post("tpyo", media_ids=[sent["id"]])
    gone = await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    assert [media["id"] for media in gone["media_attachments"]] == [sent["id"]]
    again = await ann.post("typo", media_ids=[sent["id"]])
    assert again["media_attachments"][0]["url"] == sent["url"]
    await ann.call("DELETE", f"/api/v1/statuses/{again['id']}?delete_media=true")
    await ann.call("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [sent["id"]]}, expect=422)


async def test_only_the_owner_may_use_an_upload(ann: Person, bob: Person) -> None:
    """Attack row 87."""
    sent = await upload(ann)
    await bob.call("GET", f"/api/v1/media/{sent['id']}", expect=404)
    await bob.call("PUT", f"/api/v1/media/{sent['id']}", json={"description": "mine"}, expect=404)
    await bob.call("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [sent["id"]]}, expect=422)
    post = await bob.post("x")
    await bob.call("PUT", f"/api/v1/statuses/{post['id']}", json={"media_ids": [sent["id"]]}, expect=422)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<script>alert(1)</script>",
        b"GIF89a" + b"\x00" * 50,
        b"%PDF-1.4",
    ],
)
async def test_what_is_no_picture_is_refused(ann: Person, content: bytes) -> None:
    """Attack row 82."""
    answer = await upload(ann, expect=422, content=content)
    assert answer["error"].startswith("Validation failed")


async def test_missing_file_and_bad_words(ann: Person) -> None:
    await ann.call("POST", "/api/v2/media", data={"description": "x"}, expect=422)
    await upload(ann, expect=422, focus="left")
    await upload(ann, expect=422, focus="7,7")
    await upload(ann, expect=422, description="x" * 5000)


async def test_too_many_and_too_large(node: Node, ann: Person) -> None:
    ids = [(await upload(ann))["id"] for _ in range(5)]
    await ann.call("POST", "/api/v1/statuses", json={"media_ids": ids}, expect=422)
    large = b"\x89PNG\r\n\x1a\n" + b"x" * (node.runtime.settings.max_media_bytes + 2_000_000)
    await upload(ann, expect=422, content=large)
    far = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(10**10)}
    await ann.call("POST", "/api/v2/media", content=b"--x", headers=far, expect=413)


async def test_what_the_camera_noted_is_gone(node: Node, ann: Person) -> None:
    """Attack row 86."""
    buffer = io.BytesIO()
    image = Image.new("RGB", (64, 64), "green")
    exif = image.getexif()
    exif[0x010E] = "secret place"
    image.save(buffer, "JPEG", exif=exif)
    assert b"secret place" in buffer.getvalue()
    sent = await upload(ann, content=buffer.getvalue())
    for name in ("url", "preview_url"):
        assert b"secret place" not in (await node.http.get(sent[name])).content
