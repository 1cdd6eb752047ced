"""Every URI this node mints, and nothing that reads one. Called by services, faces, activities, views and pages.

URIs stand on `settings.public_url` and on ids, so they survive a change of name; only `*_url` (for browsers)
carries a name. The domain in handles (`settings.domain`) may be another one (DISC-2).
"""

from urllib.parse import quote, urlsplit

from node.base.settings import Settings

INSTANCE_ACTOR_ID = 1
"""Id of the account row that stands for the node itself (DISC-8); its type is Application."""

PROOF_KEY_FRAGMENT = "#ed25519-key"
"""Ends the id of a key of ours that signs proofs, and of no other."""


def actor_uri(settings: Settings, account_id: int) -> str:
    """Return the id of a local actor; the instance actor has its own (DISC-8)."""
    if account_id == INSTANCE_ACTOR_ID:
        return instance_actor_uri(settings)
    return f"{settings.public_url}/users/{account_id}"


def instance_actor_name(settings: Settings) -> str:
    """Return the user name of the node itself: its host without a port, for peers refuse a colon in a name (DISC-8)."""
    host = urlsplit(settings.public_url).hostname or ""
    return host.replace(":", "-")


def instance_actor_uri(settings: Settings) -> str:
    """Return the id of the actor that stands for the node itself."""
    return f"{settings.public_url}/actor"


def inbox_uri(settings: Settings, account_id: int) -> str:
    """Return an actor's personal inbox."""
    return f"{actor_uri(settings, account_id)}/inbox"


def shared_inbox_uri(settings: Settings) -> str:
    """Return the inbox that serves everybody here."""
    return f"{settings.public_url}/inbox"


def outbox_uri(settings: Settings, account_id: int) -> str:
    """Return an actor's outbox."""
    return f"{actor_uri(settings, account_id)}/outbox"


def followers_uri(settings: Settings, account_id: int) -> str:
    """Return an actor's followers collection."""
    return f"{actor_uri(settings, account_id)}/followers"


def followers_sync_uri(settings: Settings, account_id: int) -> str:
    """Return where a server reads which of its people follow an actor (FEP-8fcf)."""
    return f"{actor_uri(settings, account_id)}/followers_synchronization"


def following_uri(settings: Settings, account_id: int) -> str:
    """Return the collection of those an actor follows."""
    return f"{actor_uri(settings, account_id)}/following"


def liked_uri(settings: Settings, account_id: int) -> str:
    """Return the collection of what an actor liked, which shows nothing."""
    return f"{actor_uri(settings, account_id)}/liked"


def featured_uri(settings: Settings, account_id: int) -> str:
    """Return the collection of an actor's pinned posts."""
    return f"{actor_uri(settings, account_id)}/featured"


def relay_follow_uri(settings: Settings, relay_id: int) -> str:
    """Return the id of the node's Follow of a relay."""
    return f"{settings.public_url}/relay-follows/{relay_id}"


def featured_tags_uri(settings: Settings, account_id: int) -> str:
    """Return the collection of the hashtags an actor features."""
    return f"{actor_uri(settings, account_id)}/tags"


def key_id(settings: Settings, account_id: int) -> str:
    """Return the id of an actor's RSA key."""
    return f"{actor_uri(settings, account_id)}#main-key"


def proof_key_id(settings: Settings, account_id: int) -> str:
    """Return the id of an actor's Ed25519 key, which signs its integrity proofs."""
    return f"{actor_uri(settings, account_id)}{PROOF_KEY_FRAGMENT}"


def profile_url(settings: Settings, username: str) -> str:
    """Return the page of a local account."""
    return f"{settings.public_url}/@{quote(username)}"


def post_uri(settings: Settings, account_id: int, post_id: int) -> str:
    """Return the id of a local post."""
    return f"{actor_uri(settings, account_id)}/statuses/{post_id}"


def post_url(settings: Settings, username: str, post_id: int) -> str:
    """Return the page of a local post."""
    return f"{profile_url(settings, username)}/{post_id}"


def create_uri(settings: Settings, account_id: int, post_id: int) -> str:
    """Return the id of the Create of a local post."""
    return f"{post_uri(settings, account_id, post_id)}/activity"


def boost_uri(settings: Settings, account_id: int, boost_post_id: int) -> str:
    """Return the id of a local Announce; it is the boost row's `uri` too."""
    return f"{post_uri(settings, account_id, boost_post_id)}/activity"


def follow_uri(settings: Settings, follow_id: int) -> str:
    """Return the id of a local Follow."""
    return f"{settings.public_url}/follows/{follow_id}"


def like_uri(settings: Settings, like_id: int) -> str:
    """Return the id of a local Like."""
    return f"{settings.public_url}/likes/{like_id}"


def vote_uri(settings: Settings, account_id: int, vote_id: int) -> str:
    """Return the id of a local vote on a remote poll; its Create is a step further (OBJ-10)."""
    return f"{actor_uri(settings, account_id)}#votes/{vote_id}"


def reaction_uri(settings: Settings, reaction_id: int) -> str:
    """Return the id of a local reaction with an emoji."""
    return f"{settings.public_url}/reactions/{reaction_id}"


def emoji_uri(settings: Settings, emoji_id: int) -> str:
    """Return the id of a custom emoji of ours."""
    return f"{settings.public_url}/emojis/{emoji_id}"


def block_uri(settings: Settings, block_id: int) -> str:
    """Return the id of a local Block."""
    return f"{settings.public_url}/blocks/{block_id}"


def quote_request_uri(settings: Settings, account_id: int, request_id: int) -> str:
    """Return the id of a QuoteRequest of ours."""
    return f"{actor_uri(settings, account_id)}/quote_requests/{request_id}"


def authorization_uri(settings: Settings, account_id: int, kind: str, authorization_id: int) -> str:
    """Return the id of a stamp that one of ours gave."""
    return f"{actor_uri(settings, account_id)}/{kind}_authorizations/{authorization_id}"


def tag_url(settings: Settings, name: str) -> str:
    """Return the page of a hashtag, given without its `#`."""
    return f"{settings.public_url}/tags/{quote(name, safe='')}"


def context_uri(settings: Settings, thread_id: int) -> str:
    """Return the collection of a thread."""
    return f"{settings.public_url}/contexts/{thread_id}"


def media_url(settings: Settings, storage_key: str) -> str:
    """Return where a stored file of ours is served."""
    return f"{settings.public_url}/media/{quote(storage_key)}"


def remote_picture_url(settings: Settings, account_id: int, which: str) -> str:
    """Return our cached copy of a remote actor's picture; `which` is "avatar" or "header"."""
    return f"{settings.public_url}/media/remote/{account_id}/{which}"


def emoji_picture_url(settings: Settings, emoji_id: int, version: int, *, still: bool = False) -> str:
    """Return where the picture of a custom emoji is shown, ours or our copy; `still` where it does not move.

    The version makes a new address of a new picture.
    """
    return f"{settings.public_url}/media/emoji/{emoji_id}?v={version}{'&still=1' if still else ''}"


def missing_picture_url(settings: Settings, which: str) -> str:
    """Return the "avatar" or "header" of who has none, where apps know it by its address (client-api 11)."""
    return f"{settings.public_url}/{which}s/original/missing.png"


def static_url(settings: Settings, path: str) -> str:
    """Return a static file of the web pages."""
    return f"{settings.public_url}/static/{quote(path)}"


def starter_pack_url(settings: Settings, pack_id: int) -> str:
    """Return the page of a starter pack."""
    return f"{settings.public_url}/packs/{pack_id}"


def moment_url(settings: Settings, moment_id: int) -> str:
    """Return the page of a moment."""
    return f"{settings.public_url}/moments/{moment_id}"
