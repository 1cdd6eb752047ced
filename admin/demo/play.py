"""Plays the story of `people.py`, person by person, through the REST API of each person's own node.

What crosses from node to node does so by federation alone; a step that needs something from the other side waits
until it has arrived.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from admin.demo.people import FOLLOWS, PEOPLE, STORY, Boost, Edit, Like, Person, Write
from admin.demo.pictures import draw_avatar, draw_map
from federation.keys import generate_rsa_key
from node.auth.service import create_token, create_user
from node.base.runtime import running
from node.base.settings import Settings

ARRIVAL_SECONDS = 45.0
SCOPES = "read write follow push"


class DemoFailed(Exception):
    """The demo could not be set up; the message says where it stopped."""


@dataclass(slots=True)
class Login:
    """How to sign in as somebody."""

    username: str
    node: str
    password: str
    token: str


@dataclass(slots=True)
class Actor:
    """A person of the story with the means to act."""

    person: Person
    login: Login
    settings: Settings
    http: httpx.AsyncClient

    @property
    def handle(self) -> str:
        """The full handle."""
        return f"@{self.person.username}@{self.settings.domain}"

    async def call(self, method: str, path: str, **request: Any) -> Any:
        """Call the REST API of this person's node."""
        response = await self.http.request(
            method,
            f"{self.settings.public_url}{path}",
            headers={"Authorization": f"Bearer {self.login.token}"},
            **request,
        )
        if response.status_code == 429:
            await asyncio.sleep(float(response.headers.get("Retry-After", "5")))
            return await self.call(method, path, **request)
        if response.is_error:
            raise DemoFailed(f"{self.person.username}: {method} {path} answered {response.text[:300]}")
        return response.json()

    async def find(self, what: str) -> dict[str, Any] | None:
        """Return an account or post by handle or URL, as this person's node knows or fetches it."""
        found = await self.call("GET", "/api/v2/search", params={"q": what, "resolve": "true", "limit": "1"})
        both: list[dict[str, Any]] = found["accounts"] + found["statuses"]
        return both[0] if both else None


@dataclass(slots=True)
class Play:
    """The story under way. `posts` maps a label to (author, post as the author's node shows it)."""

    nodes: dict[str, Settings]
    http: httpx.AsyncClient
    is_stopping: Callable[[], bool]
    people: dict[str, Actor] = field(default_factory=dict)
    posts: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    async def run(self) -> None:
        """Sign everybody up, let them follow, then play each step in order."""
        for person in PEOPLE:
            self.people[person.username] = await self._sign_up(person)
        for actor in self.people.values():
            await self._introduce(actor)
        for follower, followee in FOLLOWS:
            await self._follow(self.people[follower], self.people[followee])
        for step in STORY:
            if self.is_stopping():
                return
            actor = self.people[step.who]
            if isinstance(step, Write):
                await self._write(actor, step)
            elif isinstance(step, Edit):
                post = self.posts[step.label][1]
                await actor.call("PUT", f"/api/v1/statuses/{post['id']}", data={"status": step.text})
            else:
                await self._react(actor, step)

    async def _sign_up(self, person: Person) -> Actor:
        settings = self.nodes[person.node]
        password = secrets.token_urlsafe(9)
        key_pair = await asyncio.to_thread(generate_rsa_key)
        async with running(settings) as runtime:
            async with runtime.write() as uow:
                user = await create_user(
                    uow,
                    settings,
                    username=person.username,
                    email=f"{person.username}@demo.example",
                    password=password,
                    role=person.role,
                    now=runtime.now(),
                    key_pair=key_pair,
                )
            async with runtime.write() as uow:
                token = await create_token(uow, user.account_id, SCOPES, now=runtime.now())
        return Actor(person, Login(person.username, person.node, password, token), settings, self.http)

    async def _introduce(self, actor: Actor) -> None:
        person = actor.person
        await actor.call(
            "PATCH",
            "/api/v1/accounts/update_credentials",
            data={
                "display_name": person.name,
                "note": person.note,
                "locked": str(person.locked).lower(),
                "discoverable": "true",
            },
            files={"avatar": ("avatar.png", draw_avatar(person), "image/png")},
        )

    async def _follow(self, follower: Actor, followee: Actor) -> None:
        account = await self._arrived(lambda: follower.find(followee.handle), f"{followee.handle} was not found")
        await follower.call("POST", f"/api/v1/accounts/{account['id']}/follow")
        if followee.person.locked:
            await self._accept(followee, follower)

        async def accepted() -> dict[str, Any] | None:
            relationship: dict[str, Any]
            (relationship,) = await follower.call(
                "GET", "/api/v1/accounts/relationships", params={"id[]": account["id"]}
            )
            return relationship if relationship["following"] else None

        await self._arrived(accepted, f"{follower.handle} was not accepted by {followee.handle}")

    async def _accept(self, followee: Actor, follower: Actor) -> None:
        async def request() -> dict[str, Any] | None:
            waiting: list[dict[str, Any]] = await followee.call("GET", "/api/v1/follow_requests")
            return next((one for one in waiting if one["username"] == follower.person.username), None)

        asking = await self._arrived(request, f"{followee.handle} was not asked by {follower.handle}")
        await followee.call("POST", f"/api/v1/follow_requests/{asking['id']}/authorize")

    async def _write(self, actor: Actor, step: Write) -> None:
        domains = {name: settings.domain for name, settings in self.nodes.items()}
        fields: dict[str, Any] = {
            "status": step.text.format(**domains) if "{" in step.text else step.text,
            "visibility": step.visibility,
        }
        if step.warning:
            fields["spoiler_text"] = step.warning
        if step.reply_to:
            fields["in_reply_to_id"] = (await self._seen_by(actor, step.reply_to))["id"]
        if step.picture:
            media = await actor.call(
                "POST",
                "/api/v2/media",
                data={"description": step.picture},
                files={"file": ("map.png", draw_map(), "image/png")},
            )
            fields["media_ids[]"] = media["id"]
        self.posts[step.label] = (step.who, await actor.call("POST", "/api/v1/statuses", data=fields))

    async def _react(self, actor: Actor, step: Like | Boost) -> None:
        post = await self._seen_by(actor, step.label)
        verb = "favourite" if isinstance(step, Like) else "reblog"
        await actor.call("POST", f"/api/v1/statuses/{post['id']}/{verb}")

    async def _seen_by(self, actor: Actor, label: str) -> dict[str, Any]:
        """Return a post as `actor`'s node knows it, once it has arrived there."""
        author, post = self.posts[label]
        if self.people[author].person.node == actor.person.node:
            return post

        async def arrived() -> dict[str, Any] | None:
            home: list[dict[str, Any]] = await actor.call("GET", "/api/v1/timelines/home", params={"limit": "40"})
            if found := next((one for one in home if one["uri"] == post["uri"]), None):
                return found
            return await actor.find(post["uri"]) if post["visibility"] in ("public", "unlisted") else None

        return await self._arrived(arrived, f"{post['uri']} did not reach {actor.handle}")

    async def _arrived(self, look: Callable[[], Awaitable[dict[str, Any] | None]], otherwise: str) -> dict[str, Any]:
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while time.monotonic() < deadline and not self.is_stopping():
            if (found := await look()) is not None:
                return found
            await asyncio.sleep(0.15)
        raise DemoFailed(otherwise)
