"""`rookery demo`: two nodes on loopback that really federate, with people and posts to look at.

Both run as `rookery up` in processes and data folders of their own and speak ActivityPub over plain HTTP, signed,
through the same doors as any two servers. The story of `demo_people.py` is played once, person by person, through
the REST API of each person's node; what crosses over crosses by federation alone. A second start finds it all again.
"""

import asyncio
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

from admin.children import die_with_parent
from admin.demo_people import FOLLOWS, PEOPLE, STORY, Boost, Edit, Like, Person, Write
from federation.keys import generate_rsa_key
from node.auth.service import create_token, create_user
from node.base.runtime import running
from node.base.settings import Settings

START_SECONDS = 60.0
ARRIVAL_SECONDS = 45.0
STOP_SECONDS = 12.0
SCOPES = "read write follow push"

Say = Callable[[str], None]


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
class DemoNode:
    """One of the two nodes: its settings and, while it runs, its process."""

    name: str
    settings: Settings
    process: "subprocess.Popen[bytes] | None" = None

    def environment(self) -> dict[str, str]:
        """Return what `rookery up` of this node is started with; settings of the caller's shell do not count."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
        return kept | {
            "ROOKERY_PUBLIC_URL": self.settings.public_url,
            "ROOKERY_BIND": self.settings.bind,
            "ROOKERY_DATA_DIR": str(self.settings.data_dir),
            "ROOKERY_SITE_NAME": self.settings.site_name,
            "ROOKERY_INSECURE_PEERS": "127.0.0.0/8,::1/128",
            "ROOKERY_WORKERS": "1",
            "ROOKERY_LOG_LEVEL": "warning",
        }

    def start(self) -> None:
        """Start `rookery up`. It dies with us, and its children with it."""
        log = (self.settings.data_dir / "up.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from admin.cli import main; main(prog_name='rookery')", "up"],
            env=self.environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        log.close()


def make_nodes(folder: Path, ports: tuple[int, int]) -> list[DemoNode]:
    """Return the two nodes, with their data under `folder`."""
    nodes = []
    for name, port in zip(("one", "two"), ports, strict=True):
        settings = Settings(
            public_url=f"http://127.0.0.1:{port}",
            bind=f"127.0.0.1:{port}",
            data_dir=folder.absolute() / name,
            site_name=f"Rookery {name}",
            insecure_peers=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        )
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        nodes.append(DemoNode(name, settings))
    return nodes


def run_demo(folder: Path, *, ports: tuple[int, int], say: Say) -> int:
    """Start both nodes, play the story if it is new, print how to look at it, and wait for Ctrl-C."""
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, _frame: stopping.append(signum))
    nodes = make_nodes(folder, ports)
    try:
        say("Starting two nodes ...")
        for node in nodes:
            node.start()
        logins = asyncio.run(prepare(nodes, folder, say=say, is_stopping=lambda: bool(stopping)))
        if not stopping:
            describe(nodes, logins, say)
        while not stopping and all(node.process is not None and node.process.poll() is None for node in nodes):
            time.sleep(0.2)
    finally:
        stop(nodes)
    if not stopping:
        raise DemoFailed(f"A node stopped by itself: see {folder}/*/up.log")
    say("Stopped.")
    return 0


def stop(nodes: list[DemoNode]) -> None:
    """Stop both nodes, within twelve seconds whatever happens."""
    processes = [node.process for node in nodes if node.process is not None]
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def prepare(nodes: list[DemoNode], folder: Path, *, say: Say, is_stopping: Callable[[], bool]) -> list[Login]:
    """Wait for the nodes and play the story once; return how to sign in."""
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        for node in nodes:
            await _until_ready(node, http, is_stopping)
        remembered = folder / "people.json"
        if is_stopping():
            return []
        if remembered.exists():
            return [Login(**entry) for entry in json.loads(remembered.read_text())]
        say("Signing people up, letting them follow, write, like and boost ...")
        play = Play({node.name: node.settings for node in nodes}, http, is_stopping)
        await play.run()
        logins = [person.login for person in play.people.values()]
        remembered.touch(mode=0o600)
        remembered.write_text(json.dumps([asdict(login) for login in logins], indent=1))
        return logins


async def _until_ready(node: DemoNode, http: httpx.AsyncClient, is_stopping: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_stopping():
        if node.process is not None and node.process.poll() is not None:
            log = (node.settings.data_dir / "up.log").read_text(errors="replace").strip()
            raise DemoFailed(f"Node {node.name} did not start:\n{log[-2000:]}")
        try:
            if (await http.get(f"{node.settings.public_url}/readyz")).json()["status"] == "ready":
                return
        except (httpx.TransportError, ValueError):
            pass
        if time.monotonic() > deadline:
            raise DemoFailed(f"Node {node.name} did not answer: see {node.settings.data_dir / 'up.log'}")
        await asyncio.sleep(0.2)


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


def draw_avatar(person: Person) -> bytes:
    """Draw a bird in the person's colour."""
    size = 240
    image = Image.new("RGB", (size, size), person.colour)
    draw = ImageDraw.Draw(image)
    light = tuple(min(255, part + 110) for part in person.colour)
    lean = sum(map(ord, person.username)) % 30
    draw.ellipse((45, 85, 185, 205), fill=light)
    draw.ellipse((125, 45 + lean, 200, 120 + lean), fill=light)
    draw.polygon([(196, 75 + lean), (228, 85 + lean), (196, 95 + lean)], fill=(240, 180, 60))
    draw.ellipse((165, 68 + lean, 177, 80 + lean), fill=(20, 24, 24))
    draw.polygon([(60, 130), (15, 100 - lean), (75, 170)], fill=light)
    return _png(image)


def draw_map() -> bytes:
    """Draw the harbour quarter."""
    image = Image.new("RGB", (960, 600), (238, 226, 196))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 0), (260, 0), (180, 220), (240, 420), (140, 600), (0, 600)], fill=(120, 170, 196))
    for offset in range(0, 700, 70):
        draw.line([(280 + offset, 20), (240 + offset, 580)], fill=(176, 136, 74), width=6)
        draw.line([(230, 30 + offset), (940, 20 + offset)], fill=(176, 136, 74), width=4)
    draw.rectangle((520, 210, 690, 370), fill=(134, 168, 110))
    draw.line([(230, 500), (600, 440), (940, 90)], fill=(90, 60, 60), width=8)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def describe(nodes: list[DemoNode], logins: list[Login], say: Say) -> None:
    """Say where to look and how to sign in."""
    say("")
    for node in nodes:
        say(f"  Node {node.name}:  {node.settings.public_url}")
        for login in logins:
            if login.node == node.name:
                role = next(person.role for person in PEOPLE if person.username == login.username)
                extra = "   (admin: /admin)" if role == "admin" else ""
                say(f"    {login.username:6} password {login.password}{extra}")
        say("")
    say("  Sign in as ann on the first and as dara on the second (two browsers, or two tabs), and write to each other.")
    say("  Ctrl-C stops both; the data stays for the next time.")
    sys.stdout.flush()
