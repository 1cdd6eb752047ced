"""What the node says about itself (client-api behaviours 12, 13, 21)."""

import hashlib
import re

import pytest

from node.moderation.service import set_domain_policy
from tests.support.nodes import Node, Person


async def test_v2_has_what_apps_decode(node: Node, ann: Person) -> None:
    found = (await node.http.get("/api/v2/instance")).json()
    for name in ("title", "domain", "version", "description", "source_url"):
        assert isinstance(found[name], str), name
    assert found["domain"] == "localhost:8000"
    assert isinstance(found["registrations"]["enabled"], bool)
    assert found["thumbnail"]["url"].startswith("http")
    assert isinstance(found["contact"]["email"], str)
    statuses, polls = found["configuration"]["statuses"], found["configuration"]["polls"]
    assert statuses["max_characters"] == node.runtime.settings.max_post_length
    assert statuses["max_media_attachments"] == 4
    assert statuses["characters_reserved_per_url"] == 23
    assert {"max_options", "max_characters_per_option", "min_expiration", "max_expiration"} <= polls.keys()
    assert found["configuration"]["urls"]["streaming"] == "ws://localhost:8000"
    assert "image/png" in found["configuration"]["media_attachments"]["supported_mime_types"]
    assert found["usage"]["users"]["active_month"] == 1
    assert found["rules"] == []


async def test_the_version_can_be_parsed_and_promises_no_more_than_is_built(node: Node) -> None:
    found = (await node.http.get("/api/v2/instance")).json()
    assert re.match(r"^\d+\.\d+\.\d+ \(compatible; Rookery \d+\.\d+\.\d+\)$", found["version"])
    assert found["api_versions"] == {"mastodon": 9}


async def test_v1_has_what_apps_decode(node: Node, ann: Person) -> None:
    await ann.post("Hello")
    found = (await node.http.get("/api/v1/instance/")).json()
    assert found["uri"] == "localhost:8000"
    assert found["stats"] == {"user_count": 1, "status_count": 1, "domain_count": 0}
    assert found["urls"]["streaming_api"] == "ws://localhost:8000"
    for name in ("short_description", "email", "version", "thumbnail"):
        assert isinstance(found[name], str), name
    for name in ("registrations", "approval_required", "invites_enabled"):
        assert isinstance(found[name], bool), name
    assert "statuses" in found["configuration"]


async def test_the_contact_is_the_admin(node: Node) -> None:
    await node.person("ann")
    await node.person("root_admin", role="admin")
    found = (await node.http.get("/api/v2/instance")).json()
    assert found["contact"]["account"]["username"] == "root_admin"


async def test_small_ones(node: Node) -> None:
    assert (await node.http.get("/api/v1/custom_emojis")).json() == []
    assert (await node.http.get("/api/v1/instance/rules")).json() == []
    response = await node.http.get("/health")
    assert response.status_code == 200
    assert response.text == "OK"


async def test_what_is_not_built_is_a_404_in_json(node: Node, ann: Person) -> None:
    for path in ("collections/1", "no/such/thing"):
        assert await ann.call("GET", f"/api/v1/{path}", expect=404) == {"error": "Record not found"}


@pytest.mark.parametrize(
    "path", ["v1/lists", "v1/followed_tags", "v1/announcements", "v1/follow_requests", "v1/filters", "v2/filters"]
)
async def test_what_apps_ask_at_their_start_is_an_empty_list(ann: Person, path: str) -> None:
    """client-api, tier A: `[]` from day one, never 404. Nobody has any of these."""
    assert await ann.call("GET", f"/api/{path}") == []


async def test_mod_2_the_limits_of_other_servers_are_public(node: Node) -> None:
    """Blocked and limited servers, with their digest, a hidden name hidden; none of it where the operator says so."""
    runtime = node.runtime
    async with runtime.write() as uow:
        for domain, severity, hidden in (
            ("bad.test", "suspend", True),
            ("loud.test", "silence", False),
            ("ok.test", "noop", False),
        ):
            await set_domain_policy(
                uow, runtime.settings, domain, severity, obfuscate=hidden, public_comment="Why", now=runtime.now()
            )
    found = (await node.http.get("/api/v1/instance/domain_blocks")).json()
    assert [(item["domain"], item["severity"], item["comment"]) for item in found] == [
        ("b**.***t", "suspend", "Why"),
        ("loud.test", "silence", "Why"),
    ]
    assert found[0]["digest"] == hashlib.sha256(b"bad.test").hexdigest()
