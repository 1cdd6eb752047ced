"""Handles, links and keys over real sockets, honest and forged (DISC-3, DISC-4, DISC-11, SIG-14, rows 11, 70, 71)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from federation.client import FederationClient
from federation.discovery import find_actor_by_handle, find_key, find_object, verify_handle
from federation.errors import DiscoveryFailed, FetchFailed, FetchGone, KeyUnavailable
from federation.keys import generate_rsa_key
from federation.parsing import parse_actor
from tests.support.fake_peer import Answer, FakePeer, document, redirect

PEM = generate_rsa_key()[1]
AP = "application/activity+json"


@pytest.fixture
async def other() -> AsyncIterator[FakePeer]:
    async with FakePeer() as made:
        yield made


def actor(peer: FakePeer, name: str = "bo", **more: Any) -> dict[str, Any]:
    uri = f"{peer.url}/users/{name}"
    return {
        "id": uri,
        "type": "Person",
        "preferredUsername": name,
        "inbox": f"{uri}/inbox",
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": PEM},
    } | more


def jrd(subject: str, uri: str, kind: str = AP) -> Answer:
    links = [
        {"rel": "self", "type": "text/html", "href": "https://x.example/"},
        {"rel": "self", "type": kind, "href": uri},
    ]
    return document({"subject": f"acct:{subject}", "links": links}, content_type="application/jrd+json")


def host(peer: FakePeer, name: str = "bo", **more: Any) -> dict[str, Any]:
    """Serve an actor with its WebFinger, as an honest server does."""
    made = actor(peer, name, **more)
    peer.routes[f"/users/{name}"] = document(made)
    peer.routes["/.well-known/webfinger"] = jrd(f"{name}@{peer.domain}", made["id"])
    return made


async def reason(awaitable: Any, kind: type = DiscoveryFailed) -> str:
    with pytest.raises(kind) as caught:
        await awaitable
    return str(caught.value.reason)


async def test_same_domain(client: FederationClient, peer: FakePeer) -> None:
    """DISC-3, DISC-4: one look-up, unsigned, with the resource spelled out."""
    made = host(peer)
    found = await find_actor_by_handle(client, f"@BO@{peer.domain}", signer=None)
    assert (found.actor.id, found.username, found.domain) == (made["id"], "bo", peer.domain)
    assert str(found.handle) == f"@bo@{peer.domain}"
    (asked,) = peer.asked("/.well-known/webfinger")
    assert asked.target == f"/.well-known/webfinger?resource=acct:BO@{peer.domain}"
    assert asked.header("accept") == "application/jrd+json, application/json"
    assert asked.header("signature") is None


@pytest.mark.parametrize("claimed", [True, False])
async def test_split_domain(client: FederationClient, peer: FakePeer, other: FakePeer, claimed: bool) -> None:
    """DISC-2, DISC-4: handles on one domain, actors on another; asked by either name."""
    handle = f"bo@{other.domain}"
    made = host(peer, **({"webfinger": handle} if claimed else {}))
    peer.routes["/.well-known/webfinger"] = jrd(handle, made["id"])
    other.routes["/.well-known/webfinger"] = lambda request: redirect(f"{peer.url}{request.target}")
    for asked in (handle, f"bo@{peer.domain}"):
        found = await find_actor_by_handle(client, asked, signer=None)
        assert (found.actor.id, found.domain) == (made["id"], other.domain)
    assert str(await verify_handle(client, parse_actor(made))) == f"@{handle}"


async def test_a_handle_of_another_domain_is_not_given(
    client: FederationClient, peer: FakePeer, other: FakePeer
) -> None:
    """Row 70: evil says its actor is alice of good; good knows better."""
    host(other, "alice")
    evil = host(peer, "m", webfinger=f"alice@{other.domain}")
    peer.routes["/.well-known/webfinger"] = jrd(f"alice@{other.domain}", evil["id"])
    found = await find_actor_by_handle(client, f"m@{peer.domain}", signer=None)
    assert found.actor.id == f"{other.url}/users/alice"  # where good points, not where evil does
    assert await verify_handle(client, parse_actor(evil)) is None


async def test_an_actor_is_not_taken_for_a_strangers_handle(
    client: FederationClient, peer: FakePeer, other: FakePeer
) -> None:
    """DISC-4, hijack: victim@c points at an actor of b, who is not called so."""
    made = host(peer)
    other.routes["/.well-known/webfinger"] = jrd(f"victim@{other.domain}", made["id"])
    assert await reason(find_actor_by_handle(client, f"victim@{other.domain}", signer=None)) == "handle_mismatch"


async def test_subjects_that_lead_in_circles(client: FederationClient, peer: FakePeer, other: FakePeer) -> None:
    """DISC-4: a loop of subjects ends."""
    made = host(peer)
    peer.routes["/.well-known/webfinger"] = jrd(f"x@{other.domain}", made["id"])
    other.routes["/.well-known/webfinger"] = jrd(f"bo@{peer.domain}", made["id"])
    assert await reason(find_actor_by_handle(client, f"bo@{peer.domain}", signer=None)) == "handle_mismatch"
    assert await verify_handle(client, parse_actor(made)) is None
    assert len(peer.requests) + len(other.requests) <= 4


async def test_an_outage_is_not_a_refusal(client: FederationClient, peer: FakePeer) -> None:
    made = parse_actor(host(peer))
    peer.routes["/.well-known/webfinger"] = Answer(status=503)
    with pytest.raises(FetchFailed):
        await verify_handle(client, made)
    peer.routes["/.well-known/webfinger"] = Answer(status=404)
    assert await verify_handle(client, made) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (document({"subject": "acct:bo@x", "links": []}), "no_self_link"),
        (document({"subject": "bo", "links": []}), "bad_subject"),
        (document({"links": []}), "bad_subject"),
        (document([]), "bad_webfinger"),
        (Answer(body=b"<html>", content_type="text/html"), "bad_webfinger"),
        (
            document(
                {
                    "subject": "acct:bo@b.example",
                    "links": [{"rel": "self", "type": "application/json", "href": "https://b.example/"}],
                }
            ),
            "no_self_link",
        ),
        (
            document({"subject": "acct:bo@b.example", "links": [{"rel": "self", "type": AP, "href": "javascript:x"}]}),
            "no_self_link",
        ),
        (document({"subject": "acct:bo@b.example", "links": "x"}), "no_self_link"),
        (Answer(status=404), "not_found"),
    ],
)
async def test_answers_that_lead_nowhere(
    client: FederationClient, peer: FakePeer, answer: Answer, expected: str
) -> None:
    """DISC-3, row 71."""
    peer.routes["/.well-known/webfinger"] = answer
    assert await reason(find_actor_by_handle(client, f"bo@{peer.domain}", signer=None)) == expected


async def test_gone_is_gone(client: FederationClient, peer: FakePeer) -> None:
    """DISC-3: 410 asks no host-meta."""
    peer.routes["/.well-known/webfinger"] = Answer(status=410)
    with pytest.raises(FetchGone) as caught:
        await find_actor_by_handle(client, f"bo@{peer.domain}", signer=None)
    assert caught.value.status == 410
    assert not peer.asked("/.well-known/host-meta")


@pytest.mark.parametrize(
    "kind",
    [
        "application/activity+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        "application/ld+json;profile='https://www.w3.org/ns/activitystreams'",
    ],
)
async def test_types_of_the_self_link(client: FederationClient, peer: FakePeer, kind: str) -> None:
    """DISC-3: white space and the style of quotes do not matter."""
    made = host(peer)
    peer.routes["/.well-known/webfinger"] = jrd(f"bo@{peer.domain}", made["id"], kind)
    assert (await find_actor_by_handle(client, f"bo@{peer.domain}", signer=None)).actor.id == made["id"]


XRD = (
    '<?xml version="1.0" encoding="UTF-8"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
    '<!-- x --><Link rel="lrdd" template="{url}/wf?q={{uri}}"/></XRD>'
)


@pytest.mark.parametrize("as_json", [True, False])
async def test_host_meta(client: FederationClient, peer: FakePeer, as_json: bool) -> None:
    """DISC-3, DISC-5: after a 404, once, in XML or JSON."""
    made = host(peer)
    del peer.routes["/.well-known/webfinger"]
    links = {"links": [{"rel": "lrdd", "template": f"{peer.url}/wf?q={{uri}}"}]}
    peer.routes["/.well-known/host-meta"] = (
        document(links, content_type="application/json")
        if as_json
        else Answer(body=XRD.format(url=peer.url).encode(), content_type="application/xrd+xml")
    )
    peer.routes["/wf"] = jrd(f"bo@{peer.domain}", made["id"])
    assert (await find_actor_by_handle(client, f"bo@{peer.domain}", signer=None)).actor.id == made["id"]
    assert peer.asked("/wf")[0].target == f"/wf?q=acct%3Abo%40{peer.domain.replace(':', '%3A')}"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<XRD><Link rel="lrdd" template="&b;{uri}"/></XRD>'
)
EXTERNAL = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><XRD><Link rel="lrdd" template="https://x/{uri}"/></XRD>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        EXTERNAL.encode(),
        b"<XRD",
        b"",
        b"<XRD/>",
        b'<XRD><Link rel="lrdd" template="https://x.example/"/></XRD>',
        b"\xff\xfe<",
        b"<" * 60_000,
    ],
)
async def test_host_meta_that_is_not_read(client: FederationClient, peer: FakePeer, body: bytes) -> None:
    """Row 71: entity bombs, external entities, hidden encodings, no template."""
    peer.routes["/.well-known/host-meta"] = Answer(body=body, content_type="application/xrd+xml")
    assert await reason(find_actor_by_handle(client, f"bo@{peer.domain}", signer=None)) == "bad_host_meta"


@pytest.mark.parametrize("handle", ["bo", "@bo", "bo@", "", "bo@b/c", "bo@127.1"])
async def test_handles_that_are_none(client: FederationClient, handle: str) -> None:
    assert await reason(find_actor_by_handle(client, handle, signer=None)) == "bad_handle"


async def test_a_pasted_link(client: FederationClient, peer: FakePeer) -> None:
    """DISC-11: the document itself, a page with an alternate link, a page without."""
    uri = f"{peer.url}/notes/1"
    peer.routes["/notes/1"] = document({"id": uri, "type": "Note"})
    page = (
        "<html><head><link href='/feed' rel='alternate' type='application/rss+xml'>"
        '<LINK rel="alternate" type="application/activity+json" href="/notes/1?a=1&amp;b=2"/>'
    )
    peer.routes["/notes/1?a=1&b=2"] = document({"id": uri, "type": "Note"})
    peer.routes["/@bo/1"] = Answer(body=page.encode(), content_type="text/html")
    peer.routes["/about"] = Answer(body=b"<html>", content_type="text/html")
    for url in (uri, f"{peer.url}/@bo/1"):
        assert (await find_object(client, url, signer=None)).final_uri == uri
    assert peer.asked("/@bo/1")[0].header("accept").endswith("text/html;q=0.5")
    assert await reason(find_object(client, f"{peer.url}/about", signer=None)) == "no_document"


async def test_keys_in_three_forms(client: FederationClient, peer: FakePeer) -> None:
    """SIG-14: in the actor, as a document of its own, in a partial actor (GoToSocial)."""
    made = host(peer)
    key = await find_key(client, f"{made['id']}#main-key", signer=None)
    assert (key.actor.id, key.key.owner) == (made["id"], made["id"])
    key_uri = f"{peer.url}/users/bo/main-key"
    inline = {"id": key_uri, "owner": made["id"], "publicKeyPem": PEM}
    peer.routes["/users/bo"] = document(made | {"publicKey": [inline]})
    peer.routes["/users/bo/main-key"] = document(inline | {"type": "Key"})
    assert (await find_key(client, key_uri, signer=None)).actor.id == made["id"]
    peer.routes["/users/bo/main-key"] = document(
        {"id": made["id"], "type": "Person", "preferredUsername": "bo", "publicKey": inline}
    )
    assert (await find_key(client, key_uri, signer=None)).actor.id == made["id"]


async def test_keys_that_are_not_their_owners(client: FederationClient, peer: FakePeer, other: FakePeer) -> None:
    """SIG-14, row 11: an owner elsewhere, an owner that does not list the key, a weak key."""
    alice = host(other, "alice")
    eve = host(peer, "eve")
    peer.routes["/k"] = document({"id": f"{peer.url}/k", "owner": alice["id"], "publicKeyPem": PEM})
    assert await reason(find_key(client, f"{peer.url}/k", signer=None), KeyUnavailable) == "owner_mismatch"
    assert not other.requests
    peer.routes["/k"] = document({"id": f"{peer.url}/k", "owner": eve["id"], "publicKeyPem": PEM})
    assert await reason(find_key(client, f"{peer.url}/k", signer=None), KeyUnavailable) == "key_not_listed"
    assert await reason(find_key(client, f"{eve['id']}#other", signer=None), KeyUnavailable) == "key_not_listed"
    peer.routes["/r"] = document({"id": alice["id"]})
    assert await reason(find_key(client, f"{peer.url}/r#k", signer=None), KeyUnavailable) == "owner_mismatch"
    peer.routes["/users/eve"] = document(eve | {"publicKey": {"id": f"{eve['id']}#main-key", "publicKeyPem": "no pem"}})
    assert await reason(find_key(client, f"{eve['id']}#main-key", signer=None), KeyUnavailable) == "bad_key"
    for bad in ("acct:eve@b.example", "x", ""):
        assert await reason(find_key(client, bad, signer=None), KeyUnavailable) == "bad_key_id"


async def test_a_key_that_is_gone_says_so(client: FederationClient, peer: FakePeer) -> None:
    """SIG-16: the caller learns 404 or 410."""
    peer.routes["/users/x"] = Answer(status=410)
    with pytest.raises(FetchGone) as caught:
        await find_key(client, f"{peer.url}/users/x#main-key", signer=None)
    assert caught.value.status == 410
