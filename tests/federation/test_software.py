"""What other software sends, through the real door (QRK-2): fixtures of `tests/fixtures/ap`, signed by their actors.

Each row of the quirks table tells the same story here. Somebody here follows the actor (or the community), who posts,
answers a post of ours, reacts to it and deletes their own post again; asserted is what is there at the end of each
step. Hosts, keys and our ids are put in place of the fixtures' own, nothing else is changed.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from federation.documents import as_list, first_id, type_of
from federation.parsing import parse_post
from federation.vocabulary import AP_TYPE, POST_TYPES
from inbox.models import ReceivedActivity
from node.accounts.models import Account
from node.posts.models import Like, Post
from node.posts.queries import may_see
from node.posts.rules import OPEN_VISIBILITIES
from node.reactions.models import Reaction
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.make import make_post
from tests.support.stranger import Document, Stranger, key_pair

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ap"
VERSIONS = sorted(str(path.parent.relative_to(FIXTURES)) for path in FIXTURES.rglob("post.json"))
"""All but the relays, which write nothing themselves."""
OURS = "https://rookery.example/users/1001/statuses/77"
NO_REACTION = {
    **dict.fromkeys(("friendica", "peertube", "mobilizon"), "ignored unknown_type"),
    "lemmy": "ignored wrapped_activity",
}
"""Dislikes, somebody joining an event, and votes that only a community hears of."""
ENDS = {
    "gancio announce": "done",
    "gotosocial vote": "ignored vote",
    "hubzilla container": "ignored foreign_target",
    "hubzilla dislike": "ignored unknown_type",
    "lemmy announced_ban": "ignored wrapped_activity",
    "lemmy announced_dislike": "ignored wrapped_activity",
    "mastodon vote": "ignored vote",
    "mbin lock": "ignored unknown_type",
    "peertube view": "ignored unknown_type",
    "piefed dislike": "ignored unknown_type",
    "pixelfed story": "ignored foreign_target",
}
"""How what is beside the story ends, where it is not `done`. The votes are on a post of ours that is no poll."""
CHAPTERS = {
    "actor",
    "person",
    "blog",
    "key",
    "post",
    "created_post",
    "announced_post",
    "reply",
    "delete",
    "opt_out",
    "normal",
}
CHAPTERS |= {"reaction", "undo_reaction"}


class Foreigner(Stranger):
    """An actor of a fixture, at the peer that stands for its server."""

    def __init__(self, peer: FakePeer, raw: Document) -> None:
        self.raw = raw
        super().__init__(peer, raw["preferredUsername"])

    @property
    def uri(self) -> str:
        return str(self.raw["id"])

    @property
    def key_id(self) -> str:
        return str(self.raw["publicKey"]["id"])

    def actor(self) -> Document:
        return self.raw

    def publish_profile(self) -> None:
        serve(self.peer, self.raw)
        stub = {key: self.raw[key] for key in ("@context", "id", "type", "preferredUsername", "inbox", "publicKey")}
        self.peer.routes.setdefault(target_of(self.key_id), document(stub))
        for name in (self.name, f"{self.name}@{self.peer.domain}"):
            self.peer.routes[f"/.well-known/webfinger?resource=acct:{name}@{self.peer.domain}"] = document(
                {
                    "subject": f"acct:{self.name}@{self.peer.domain}",
                    "links": [{"rel": "self", "type": AP_TYPE, "href": self.uri}],
                },
                content_type="application/jrd+json",
            )


def target_of(uri: str) -> str:
    parts = urlsplit(uri)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def serve(peer: FakePeer, raw: Document) -> None:
    peer.routes[target_of(raw["id"])] = document(raw)


@dataclass
class Play:
    """One software's fixtures, set up against a node."""

    software: str
    door: Door
    peer: FakePeer
    docs: dict[str, Document]
    ann: Account
    ours: Post
    people: dict[str, Foreigner]

    async def send(self, name: str) -> Document:
        """Deliver a fixture as its actor; a bare post goes in its Create. What is announced stands at its origin."""
        raw = self.docs[name]
        if type_of(raw, POST_TYPES):
            who = self.people[parse_post(raw).attributed_to]
            raw = who.create({key: value for key, value in raw.items() if key != "@context"})
        await self.door.send(self.people[first_id(raw["actor"]) or ""], raw)
        return raw

    async def publish(self) -> str:
        """Let the post of the fixtures arrive in the way this software sends it, and return its id."""
        serve(self.peer, self.docs["post"])
        ways = ("announced_post", "created_post", "post")
        sent = await self.send(next(way for way in ways if way in self.docs))
        assert await self.door.outcome(sent) == "done", self.software
        return str(self.docs["post"]["id"])

    async def ours_now(self) -> Post:
        found = await self.door.post(self.ours.uri)
        assert found is not None
        return found


def load(folder: Path, peer: FakePeer, door: Door, ours: str, ann: Account) -> dict[str, Document]:
    """Read the fixtures of a version: at home at `peer`, about our post, and of today."""
    found = {}
    host = urlsplit(json.loads((folder / "actor.json").read_text())["id"]).netloc
    now = door.runtime.now()
    places = {
        OURS: ours,
        "https://rookery.example/users/1001": ann.uri,
        "https://rookery.example": door.url,
        f"https://{host}": peer.url,
        host: peer.domain,
        "2026-01-02T03:04:05": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}",
        "2026-01-02T04:04:05": f"{now:%Y-%m-%dT%H:%M:%S}",
        "2026-01-03T03:04:05": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
    }
    for path in sorted(folder.glob("*.json")):
        text = path.read_text()
        for theirs, here in places.items():
            text = text.replace(theirs, here)
        found[path.stem] = json.loads(text)
        for key in as_list(found[path.stem].get("publicKey")):
            key["publicKeyPem"] = key_pair(0)[1]
    return found


@pytest.fixture(params=VERSIONS)
async def play(request: pytest.FixtureRequest, door: Door, peer: FakePeer) -> Play:
    """The stage: somebody here with a post, who follows everybody of the fixtures."""
    ann = await door.person("ann")
    ours = await make_post(door.runtime, ann, "Ours")
    docs = load(FIXTURES / request.param, peer, door, ours.uri, ann)
    people = [Foreigner(peer, docs[name]) for name in ("actor", "person", "blog") if name in docs]
    for one in people:
        await door.follow(ann, one)
    return Play(request.param.split("/")[0], door, peer, docs, ann, ours, {one.uri: one for one in people})


async def test_qrk_2_the_story_of_each_software(play: Play, door: Door) -> None:
    """QRK-2, ACV-9: what each software posts, answers, likes and deletes has its effect here, and all else an end."""
    account = await door.account(play.docs["actor"]["id"])
    assert account is not None
    assert account.handle_confirmed
    stored = await posted(play, await play.publish())
    await answered(play)
    await reacted(play)
    await rest(play)
    await deleted(play, stored.uri)
    for _ in range(12):
        await door.settle()
        door.clock.advance(hours=3)
    assert await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0


async def posted(play: Play, uri: str) -> Post:
    """The post is stored, visible, and news: itself, or the boost that brought it."""
    stored = await play.door.post(uri)
    assert stored is not None
    async with play.door.runtime.read() as reader:
        assert await may_see(reader, stored.id, play.ann.id)
        assert await may_see(reader, stored.id, None)
        boosts = await reader.scalars(select(Post.id).where(Post.boost_of_id == stored.id))
    news = [event["post_id"] for event in await play.door.events("PostPublished") if not event["quiet"]]
    assert set(news) & {stored.id, *boosts}
    return stored


async def answered(play: Play) -> None:
    """The answer stands below our post and counts there, unless it is for few."""
    if "reply" not in play.docs:
        return
    await play.send("reply")
    stored = await play.door.post(play.docs["reply"]["id"])
    assert stored is not None
    assert stored.in_reply_to_id == play.ours.id
    assert (await play.ours_now()).replies_count == (stored.visibility in OPEN_VISIBILITIES)


async def reacted(play: Play) -> None:
    """A reaction counts once, and can be taken back."""
    if "reaction" not in play.docs:
        return
    outcome = await play.door.outcome(await play.send("reaction"))
    assert outcome == NO_REACTION.get(play.software, "done")
    if play.software in NO_REACTION:
        return
    assert await given(play) == (1, 1)
    await play.send("reaction")
    assert await given(play) == (1, 1)
    if "undo_reaction" in play.docs:
        assert await play.door.outcome(await play.send("undo_reaction")) == "done"
        assert await given(play) == (0, 0)


async def given(play: Play) -> tuple[int, int]:
    """Return how many likes and reactions are stored, and how many our post counts."""
    ours = await play.ours_now()
    stored = await play.door.count(Like) + await play.door.count(Reaction)
    return stored, ours.likes_count + ours.reactions_count


async def rest(play: Play) -> None:
    """All other fixtures end as they should, at once."""
    for name in sorted(play.docs.keys() - CHAPTERS):
        sender = first_id(play.docs[name].get("actor") or play.docs[name].get("attributedTo"))
        if sender in play.people:
            outcome = await play.door.outcome(await play.send(name))
            assert outcome == ENDS.get(f"{play.software} {name}", "done"), name


async def deleted(play: Play, uri: str) -> None:
    """What they delete is gone, and does not come back with its Create."""
    play.peer.routes[target_of(uri)] = Answer(status=410)
    assert await play.door.outcome(await play.send("delete")) == "done"
    await play.send("post")
    gone = await play.door.post(uri)
    assert gone is not None
    assert gone.deleted_at is not None
