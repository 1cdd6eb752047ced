"""Serving files: by key, and copies of remote pictures by id (attack rows 19, 42, 47, 67, 82, 87)."""

from typing import IO, Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from federation.answers import FetchedBytes
from federation.errors import FetchFailed
from node.accounts.models import Account
from node.app import create_app
from node.base.runtime import Runtime
from node.media.images import MAX_PIXELS
from node.media.queries import list_media
from node.media.routes import blueprint
from node.media.service import store_upload
from node.media.storage import find_cached, trim_cache
from node.media.views import media_view
from node.moderation.models import DomainPolicy
from node.posts.service import withdraw
from tests.support.make import make_account
from tests.unit.node.media.pictures import opened, picture
from tests.unit.node.posts.makers import make_stranger, remote_post, store

PICTURE = "https://there.test/1.png"


class Origin:
    """Stands in for the network: what lies at an address, and how often it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def fetch_bytes(
        self, url: str, *, accept: str, limit: int, into: IO[bytes] | None = None, **_: Any
    ) -> FetchedBytes:
        self.asked.append(url)
        if url not in self.files:
            raise FetchFailed("http_status", "404", status=404)
        if into is not None:
            into.write(self.files[url])
            return FetchedBytes(b"", "image/png", url)
        return FetchedBytes(self.files[url], "image/png", url)


@pytest.fixture
def origin(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Origin:
    made = Origin()
    monkeypatch.setattr(type(runtime.http), "fetch_bytes", lambda _client, url, **asked: made.fetch_bytes(url, **asked))
    return made


@pytest.fixture
def client(runtime: Runtime) -> Client:
    app: Quart = create_app(runtime, [blueprint])
    return app.test_client()


@pytest.fixture
async def al(runtime: Runtime) -> Account:
    return await make_stranger(runtime, avatar_url="https://there.test/al.png")


async def pictured_post(runtime: Runtime, author: Account, visibility: str = "public") -> tuple[Any, str, str]:
    note = remote_post(
        author, 1, visibility=visibility, attachment=[{"type": "Image", "mediaType": "image/png", "url": PICTURE}]
    )
    post = await store(runtime, author, note)
    assert post is not None
    async with runtime.read() as reader:
        shown = media_view((await list_media(reader, post.id))[0], settings=runtime.settings)
    base = runtime.settings.public_url
    return post, shown["url"].removeprefix(base), shown["preview_url"].removeprefix(base)


async def test_row_82_a_file_is_an_image_and_can_do_nothing(runtime: Runtime, client: Client) -> None:
    ann = await make_account(runtime, "ann")
    media = await store_upload(runtime, ann.id, picture("JPEG"))
    answer = await client.get(f"/media/{media.storage_key}")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert opened(await answer.get_data(as_text=False)).size == (64, 48)
    assert (await client.head(f"/media/{media.storage_key}")).status_code == 200
    part = await client.get(f"/media/{media.storage_key}", headers={"Range": "bytes=0-9"})
    assert part.status_code == 206
    again = await client.get(f"/media/{media.storage_key}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["x.png", "..%2f..%2fetc%2fpasswd", "a" * 32 + ".svg", "a" * 32 + ".png"],
)
async def test_row_83_other_names_are_not_found(client: Client, path: str) -> None:
    assert (await client.get(f"/media/{path}")).status_code == 404


async def test_remote_pictures_are_copied_once_and_drawn_anew(
    runtime: Runtime, client: Client, origin: Origin, al: Account
) -> None:
    origin.files[PICTURE] = picture("PNG", (900, 600)) + b"<script>tail</script>"
    _, url, preview = await pictured_post(runtime, al)
    for _ in range(3):
        answer = await client.get(url)
        assert answer.status_code == 200
        assert b"script" not in await answer.get_data(as_text=False)
        assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert opened(await (await client.get(preview)).get_data(as_text=False)).size[0] == 640
    assert origin.asked == [PICTURE]
    assert trim_cache(runtime.settings.media_dir, unused_seconds=-1) == 2
    assert find_cached(runtime.settings.media_dir, f"upload original {PICTURE}") is None


async def test_rows_67_87_only_by_id_and_token_and_only_while_the_post_stands(
    runtime: Runtime, client: Client, origin: Origin, al: Account
) -> None:
    origin.files[PICTURE] = picture()
    post, url, _ = await pictured_post(runtime, al, "followers")
    path, _, _ = url.partition("?")
    for guess in (path, path + "?t=", path + "?t=" + "0" * 24, f"{path}?url={PICTURE}", "/media/remote/1?t=x"):
        assert (await client.get(guess)).status_code == 404
    assert origin.asked == []
    assert (await client.get(url)).status_code == 200
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now())
    assert (await client.get(url)).status_code == 404


async def test_a_failure_is_remembered_and_nothing_odd_is_kept(
    runtime: Runtime, client: Client, origin: Origin, al: Account
) -> None:
    _, url, _ = await pictured_post(runtime, al)
    assert [(await client.get(url)).status_code for _ in range(3)] == [404] * 3
    assert len(origin.asked) == 1
    origin.files["https://there.test/al.png"] = b"<svg onload=alert(1)>"
    answer = await client.get(f"/media/remote/{al.id}/avatar")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/avatars/original/missing.png")


async def test_avatars_are_served_small_and_square(
    runtime: Runtime, client: Client, origin: Origin, al: Account
) -> None:
    origin.files["https://there.test/al.png"] = picture("PNG", (900, 600))
    answer = await client.get(f"/media/remote/{al.id}/avatar?v=1")
    assert opened(await answer.get_data(as_text=False)).size == (400, 400)
    assert (await client.get(f"/media/remote/{al.id}/header")).status_code == 302
    assert (await client.get(f"/media/remote/{al.id}/picture")).status_code == 404
    ann = await make_account(runtime, "ann")
    assert (await client.get(f"/media/remote/{ann.id}/avatar")).status_code == 302
    assert (await client.get("/media/remote/99/avatar")).status_code == 302


@pytest.mark.parametrize("severity", ["suspend", "silence"])
async def test_row_47_media_of_rejected_domains_are_never_fetched(
    runtime: Runtime, client: Client, origin: Origin, severity: str
) -> None:
    origin.files[PICTURE] = picture()
    al = await make_stranger(runtime, host="sub.there.test")
    async with runtime.write() as uow:
        uow.add(
            DomainPolicy(
                domain="there.test", severity=severity, reject_media=severity == "silence", created_at=runtime.now()
            )
        )
    _, url, _ = await pictured_post(runtime, al)
    assert (await client.get(url)).status_code == 404
    assert origin.asked == []


def test_the_bound_on_pixels_is_a_4k_screen() -> None:
    assert MAX_PIXELS == 3840 * 2160
