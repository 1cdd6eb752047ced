"""Mastodon.py (PyPI) against a live node."""

import base64
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonIllegalArgumentError,
    MastodonNotFoundError,
    MastodonUnauthorizedError,
    StreamListener,
)

from tests.clients.conftest import SCOPES, Live
from tests.clients.waiting import until
from tests.unit.node.media.pictures import picture

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("clients")]


@pytest.fixture
def post(ann: Mastodon) -> Iterator[Any]:
    made = ann.status_post("A post to look at")
    yield made
    ann.status_delete(made)


def test_log_in_and_out(live: Live) -> None:
    id_, secret = Mastodon.create_app("suite", scopes=SCOPES, api_base_url=live.url)
    api = Mastodon(client_id=id_, client_secret=secret, api_base_url=live.url)
    with pytest.raises(MastodonIllegalArgumentError, match="invalid_grant"):
        api.log_in(code="made-up", scopes=SCOPES, allow_http=True)
    api.log_in(
        code=live.code(api.auth_request_url(scopes=SCOPES, allow_http=True), "cy"), scopes=SCOPES, allow_http=True
    )
    assert api.me().acct == "cy"
    assert api.app_verify_credentials().name == "suite"
    token = api.access_token
    api.revoke_access_token(allow_http=True)
    with pytest.raises(MastodonUnauthorizedError):
        Mastodon(access_token=token, api_base_url=live.url).me()


def test_post_with_a_picture_that_is_described(ann: Mastodon, bob: Mastodon) -> None:
    media = ann.media_post(io.BytesIO(picture()), mime_type="image/png", description="A red field", focus=(0.5, -0.5))
    made = ann.status_post("Look", media_ids=[media], sensitive=True, spoiler_text="red")
    seen = bob.status(made.id)
    assert seen.media_attachments[0].description == "A red field"
    assert (seen.media_attachments[0].meta.focus.x, seen.sensitive, seen.spoiler_text) == (0.5, True, "red")
    ann.status_update(made, "Look again", media_attributes=[ann.generate_media_edit_attributes(media, "A blue field")])
    assert bob.status(made.id).media_attachments[0].description == "A blue field"
    ann.status_delete(made)
    with pytest.raises(MastodonNotFoundError):
        bob.status(made.id)


def test_a_poll_is_voted_on(ann: Mastodon, bob: Mastodon) -> None:
    made = ann.status_post("Which?", poll=ann.make_poll(["this", "that"], expires_in=3600))
    bob.poll_vote(bob.status(made.id).poll, [1])
    seen = ann.status(made.id).poll
    assert [option.votes_count for option in seen.options] == [0, 1]
    with pytest.raises(MastodonAPIError):
        bob.poll_vote(seen, [0])


def test_reply_edit_and_thread(ann: Mastodon, bob: Mastodon, post: Any) -> None:
    reply = bob.status_reply(bob.status(post.id), "An answer")
    assert "@ann" in reply.content.replace("<span>", "").replace("</span>", "")
    bob.status_update(reply, "A better answer")
    assert [found.id for found in ann.status_context(post).descendants] == [reply.id]
    assert "better" in ann.status(reply.id).content
    assert len(ann.status_history(reply)) == 2
    assert ann.status_source(post).text == "A post to look at"
    bob.status_delete(reply)


def test_like_boost_and_bookmark(ann: Mastodon, bob: Mastodon, post: Any) -> None:
    assert bob.status_favourite(post).favourited
    boost = bob.status_reblog(post)
    assert boost.reblog.id == post.id
    assert bob.status_bookmark(post).bookmarked
    assert [account.acct for account in ann.status_favourited_by(post)] == ["bob"]
    assert [account.acct for account in ann.status_reblogged_by(post)] == ["bob"]
    assert post.id in [found.id for found in bob.bookmarks()]
    assert not bob.status_unfavourite(post).favourited
    assert not bob.status_unreblog(post).reblogged
    assert not bob.status_unbookmark(post).bookmarked
    assert ann.status(post.id).favourites_count == 0


def test_follow_lists_and_home(ann: Mastodon, bob: Mastodon) -> None:
    me = ann.me()
    assert bob.account_follow(me).following
    own = bob.list_create("People", exclusive=False)
    bob.list_accounts_add(own, [me])
    made = ann.status_post("For those who follow")
    until(lambda: made.id in [found.id for found in bob.timeline_home()])
    assert made.id in [found.id for found in bob.timeline_list(own)]
    assert [account.id for account in bob.list_accounts(own)] == [me.id]
    bob.list_delete(own)
    with pytest.raises(MastodonNotFoundError):
        bob.list(own.id)
    assert not bob.account_unfollow(me).following
    ann.status_delete(made)


def test_filters_mark_what_they_match(ann: Mastodon, bob: Mastodon) -> None:
    made = bob.create_filter_v2("No birds", ["public", "thread"], "warn", keywords_attributes=[{"keyword": "heron"}])
    seen = ann.status_post("A Heron stood there")
    assert [result.filter.title for result in bob.status(seen.id).filtered] == ["No birds"]
    assert ann.status(seen.id).filtered == []
    bob.delete_filter_v2(made)
    assert bob.status(seen.id).filtered == []
    ann.status_delete(seen)


def test_notifications_and_their_groups(ann: Mastodon, bob: Mastodon, post: Any) -> None:
    bob.status_favourite(post)
    until(lambda: [found.type for found in ann.notifications(types=["favourite"])])
    grouped = ann.grouped_notifications(types=["favourite"])
    assert grouped.notification_groups[0].status_id == post.id
    ann.notifications_clear()
    assert ann.notifications() == []
    bob.status_unfavourite(post)


def test_search_finds_people_and_hashtags(ann: Mastodon, bob: Mastodon) -> None:
    made = bob.status_post("About #Plovers")
    assert [account.acct for account in ann.search("bob").accounts] == ["bob"]
    assert [tag.name.lower() for tag in ann.search("plovers").hashtags] == ["plovers"]
    assert [found.id for found in ann.search(made.url, resolve=True).statuses] == [made.id]
    bob.status_delete(made)


def test_streams_tell_at_once(ann: Mastodon, bob: Mastodon) -> None:
    class Listener(StreamListener):  # type: ignore[misc]
        def __init__(self) -> None:
            self.told: list[str] = []
            self.came = threading.Event()

        def on_update(self, status: Any) -> None:
            self.told.append(status.content)
            self.came.set()

    listener = Listener()
    handle = bob.stream_local(listener, run_async=True, timeout=20)
    until(handle.is_receiving)
    made = ann.status_post("Heard at once")
    assert listener.came.wait(20)
    handle.close()
    assert "Heard at once" in listener.told[0]
    ann.status_delete(made)


def test_a_push_subscription_is_kept_for_its_token(ann: Mastodon, bob: Mastodon) -> None:
    _, public = ann.push_subscription_generate_keys()
    made = ann.push_subscription_set(
        "https://push.example/ann", public, mention_events=True, follow_events=False, policy="followed"
    )
    assert made.endpoint == "https://push.example/ann"
    assert ann.push_subscription().alerts.mention
    assert len(base64.urlsafe_b64decode(made.server_key + "==")) == 65
    assert not ann.push_subscription_update(mention_events=False).alerts.mention
    with pytest.raises(MastodonNotFoundError):
        bob.push_subscription()
    ann.push_subscription_delete()
    with pytest.raises(MastodonNotFoundError):
        ann.push_subscription()
