"""Accounts as the API shows them: every key there, pictures of ours, nothing of who is gone (client-api 11)."""

from node.accounts.views import account_view, credential_account_view
from node.auth.queries import get_user
from node.base.runtime import Runtime
from tests.support.make import make_account
from tests.unit.node.accounts.actors import stranger

ALWAYS = {
    "id", "username", "acct", "display_name", "note", "url", "avatar", "avatar_static", "header", "header_static",
    "locked", "bot", "fields", "emojis", "created_at", "followers_count", "following_count", "statuses_count",
}  # fmt: skip


async def test_a_local_account_has_everything_and_is_never_null(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", note="Hi <b>#tag</b>", fields=[{"name": "Web", "value": "https://x.test"}])
    view = account_view(ann, settings=runtime.settings)
    assert all(view[key] is not None for key in ALWAYS)
    assert (view["id"], view["acct"], view["display_name"]) == (str(ann.id), "ann", "")
    assert view["url"] == "http://localhost:8000/@ann" != view["uri"]
    assert view["avatar"].startswith("http://localhost:8000/avatars/")
    assert view["avatar"].endswith("missing.png")
    assert view["created_at"].endswith("T00:00:00.000Z")
    assert view["last_status_at"] is None
    assert "&lt;b&gt;" in view["note"]
    assert "<b>" not in view["note"]
    assert view["fields"][0]["value"].startswith("<a ")
    assert view["fields"][0]["verified_at"] is None


async def test_pictures_of_others_come_from_here(runtime: Runtime) -> None:
    """No page of ours makes a browser call a third party."""
    alice = await stranger(runtime, icon={"type": "Image", "url": "https://cdn.test/a.png"}, url="javascript:x")
    view = account_view(alice, settings=runtime.settings)
    assert view["avatar"].startswith(f"http://localhost:8000/media/remote/{alice.id}/avatar")
    assert view["header"].endswith("missing.png")
    assert view["url"] == alice.uri  # row 77
    assert view["acct"] == "alice@good.test"


async def test_what_was_stored_before_the_sanitiser_learned_is_cleaned_when_shown(runtime: Runtime) -> None:
    """Row 75: on the way in and on the way out."""
    alice = await stranger(runtime)
    alice.note = "<script>x</script><p>y</p>"
    alice.fields = [{"name": "n", "value": "<img src=x onerror=y>z"}, "rubbish"]
    view = account_view(alice, settings=runtime.settings)
    assert view["note"] == "<p>y</p>"
    assert [field["value"] for field in view["fields"]] == ["z"]


async def test_one_who_is_gone_shows_a_handle_and_nothing_else(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", display_name="Ann", note="me", followers_count=3, avatar_key="a.png")
    ann.suspended_at = runtime.now()
    view = account_view(ann, settings=runtime.settings)
    assert (view["acct"], view["display_name"], view["note"], view["followers_count"]) == ("ann", "", "", 0)
    assert view["suspended"] is True
    assert view["avatar"].endswith("missing.png")


async def test_ones_own_account_shows_the_source_and_the_role(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", role="admin", note="plain & simple")
    async with runtime.read() as reader:
        user = await get_user(reader, ann.id)
    user.default_visibility = "followers"
    view = credential_account_view(ann, user, settings=runtime.settings, follow_requests_count=2)
    assert view["source"]["privacy"] == "private"
    assert view["source"]["note"] == "plain & simple"
    assert view["source"]["follow_requests_count"] == 2
    assert (view["role"]["name"], view["role"]["id"]) == ("Admin", "3")
