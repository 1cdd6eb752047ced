"""A person's session, replayed while parts of the node fail: what was answered well has to be there, exactly once.

ann writes, with a picture now and then; bo follows her, reads home, likes, listens to his stream and comes back with
its last id whenever it is cut; cleo follows her from another node. Each call that changes something carries a key and
is repeated until it is answered, as apps do. `replay` is one round of it; `check` holds what was answered against what
is there when everything has come to rest.
"""

import asyncio
import contextlib
import io
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from PIL import Image

from tests.chaos.real_nodes import Somebody, strip
from tests.support.streams import Refused, events

PATIENCE = 60.0


class NotNow(Exception):
    """The node said that it cannot do this right now, or did not answer."""


@dataclass
class Replay:
    """The people, and what was answered."""

    ann: Somebody
    bo: Somebody
    cleo: Somebody
    bo_reads_at: str = ""
    """Another address of the node, for bo; "" for the same."""
    posts: dict[str, str] = field(default_factory=dict)
    """Texts by id."""
    liked: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    _last: str = ""
    _listening: "asyncio.Task[None] | None" = None
    _calls: int = 0

    async def begin(self) -> None:
        """Let bo listen from now on."""
        path, asked = "/api/v1/streaming/poll", {"stream": "user", "timeout": "1"}
        self._last = (await self.bo.call("GET", path, params=asked))["cursor"]
        self._listening = asyncio.create_task(self._listen())

    async def replay(self, word: str, *, posts: int = 3) -> None:
        """One round: posts, one of them with a picture; bo reads and likes each; ann is told."""
        picture = await self._upload(f"{word}.png")
        for number in range(posts):
            text = f"{word} {number}"
            media = [picture] if number == 0 else []
            post = await self._try(self.ann, "POST", "/api/v1/statuses", json={"status": text, "media_ids": media})
            self.posts[post["id"]] = text
            await self._until(lambda text=text: self._is_home(self.bo, text), f"bo never read {text}")
            await self._try(self.bo, "POST", f"/api/v1/statuses/{post['id']}/favourite")
            self.liked.append(post["id"])
        self.pictures.append(picture)

    async def check(self) -> None:
        """Everything that was answered is there once: homes, stream, notifications, pictures, the other node."""
        texts = sorted(self.posts.values())
        await self._until(lambda: self._heard_all(), "bo's stream lost something")
        assert sorted(self.heard) == texts, "bo's stream doubled something"
        for person in (self.ann, self.bo, self.cleo):
            await self._until(lambda person=person: self._has_all(person), f"{person.handle} misses some")
            home = [text for text in await person.home() if text in set(texts)]
            assert sorted(home) == texts, person.handle
        told = Counter(await self._notified())
        assert told == Counter(self.liked), "ann was told of each like once"
        for post_id in self.liked:
            post = await self.ann.call("GET", f"/api/v1/statuses/{post_id}")
            assert post["favourites_count"] == 1
        shown = [media["id"] for post in await self._own() for media in post["media_attachments"]]
        assert sorted(shown) == sorted(self.pictures)
        for media in [media for post in await self._own() for media in post["media_attachments"]]:
            assert (await self.ann.node.http.get(media["url"])).status_code == 200

    async def end(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _upload(self, name: str) -> str:
        drawn = io.BytesIO()
        Image.new("RGB", (8, 8), (len(name) % 255, 40, 90)).save(drawn, "PNG")
        files = {"file": (name, drawn.getvalue(), "image/png")}
        return str((await self._try(self.ann, "POST", "/api/v2/media", files=files))["id"])

    async def _try(self, who: Somebody, method: str, path: str, **request: Any) -> Any:
        """Call until it is answered, with one key."""
        self._calls += 1
        headers = {"Idempotency-Key": f"{who.username}:{self._calls}"}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await self._call(who, method, path, headers=headers, **request)
            except NotNow as refused:
                self.refusals[str(refused)] += 1
                assert time.monotonic() < deadline, f"{method} {path}: {self.refusals}"
                await asyncio.sleep(0.1)

    async def _call(self, who: Somebody, method: str, path: str, **request: Any) -> Any:
        at = self.bo_reads_at if who is self.bo else ""
        headers = {"Authorization": f"Bearer {who.token}", **request.pop("headers", {})}
        try:
            answer = await who.node.http.request(method, at + path, headers=headers, **request)
        except httpx.TransportError as error:
            raise NotNow(type(error).__name__) from error
        if answer.status_code in (409, 502, 503):
            raise NotNow(str(answer.status_code))
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:400]}"
        return answer.json()

    async def _is_home(self, who: Somebody, text: str) -> bool:
        page = await self._call(who, "GET", "/api/v1/timelines/home?limit=10")
        return text in [strip(post["content"]) for post in page]

    async def _has_all(self, who: Somebody) -> bool:
        return set(self.posts.values()) <= set(await who.home())

    async def _heard_all(self) -> bool:
        return set(self.posts.values()) <= set(self.heard)

    async def _own(self) -> list[Any]:
        path: str | None = f"/api/v1/accounts/{self.ann.account_id}/statuses?limit=40"
        return await self._pages(path)

    async def _notified(self) -> list[str]:
        found = await self._pages("/api/v1/notifications?types[]=favourite&limit=40")
        return [one["status"]["id"] for one in found]

    async def _pages(self, path: str | None) -> list[Any]:
        found: list[Any] = []
        while path:
            answer = await self.ann.node.http.get(path, headers={"Authorization": f"Bearer {self.ann.token}"})
            assert answer.status_code == 200, answer.text[:300]
            found += answer.json()
            path = answer.links["next"]["url"] if "next" in answer.links and answer.json() else None
        return found

    async def _until(self, holds: Callable[[], Awaitable[bool]], complaint: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(NotNow, AssertionError, httpx.TransportError):
                if await holds():
                    return
            assert time.monotonic() < deadline, f"{complaint} ({dict(self.refusals)})"
            await asyncio.sleep(0.1)

    async def _listen(self) -> None:
        base = self.bo_reads_at or self.bo.node.settings.public_url
        while True:
            with contextlib.suppress(httpx.HTTPError, OSError, Refused, AssertionError, TimeoutError, KeyError):
                async with events(base, "user", token=self.bo.token, Last_Event_ID=self._last) as stream:
                    while (told := await stream.next()) is not None:
                        self._last = told["id"]
                        if told["event"] == "update":
                            self.heard.append(strip(json.loads(told["data"])["content"]))
            self.cuts += 1
            await asyncio.sleep(0.05)
