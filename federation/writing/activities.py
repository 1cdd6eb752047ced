"""Activities: the envelopes of section 4.3.

An activity that inlines a post carries POST_CTX and the post none of its own; `to` and `cc` are copied from
the post, because Pleroma wants them equal (AUD-1). References are plain strings (GEN-2).
"""

from collections.abc import Sequence
from datetime import datetime

from federation.documents import Document, format_time
from federation.vocabulary import ACTOR_CONTEXT, AS_CONTEXT, POST_CTX, PUBLIC, REACTION_CONTEXT
from federation.writing.posts import EmojiFacts, emoji_tag, tombstone_document


def create_activity(uri: str, note: Document) -> Document:
    """Wrap a note in its Create (ACV-3)."""
    return _around("Create", uri, note, note["attributedTo"], note["published"])


def update_activity(
    uri: str,
    document: Document,
    *,
    published: datetime,
    to: Sequence[str] = (PUBLIC,),
    cc: Sequence[str] = (),
) -> Document:
    """Wrap an edited note, or a whole actor (ACT-5), in an Update.

    A note keeps its own audience; `to` and `cc` are for actors.
    """
    moment = format_time(published)
    if "attributedTo" in document:
        return _around("Update", uri, document, document["attributedTo"], moment)
    inner = {key: value for key, value in document.items() if key != "@context"}
    return {
        "@context": ACTOR_CONTEXT,
        "id": uri,
        "type": "Update",
        "actor": document["id"],
        "published": moment,
        "to": list(to),
        "cc": list(cc),
        "object": inner,
    }


def delete_activity(
    actor: str, object_uri: str, *, uri: str | None = None, to: Sequence[str] = (PUBLIC,), cc: Sequence[str] = ()
) -> Document:
    """Write a Delete: of a post with its Tombstone, of an actor (object = actor) with the bare id (MOD-1)."""
    inner = object_uri if object_uri == actor else tombstone_document(object_uri, with_context=False)
    return _plain("Delete", uri or f"{object_uri}#delete", actor, inner, to=to, cc=cc)


def announce_activity(
    uri: str, actor: str, object_uri: str, *, published: datetime, to: Sequence[str], cc: Sequence[str] = ()
) -> Document:
    """Write an Announce; usually to PUBLIC, cc the author and the followers (ACV-5)."""
    document = _plain("Announce", uri, actor, object_uri, to=to, cc=cc)
    document["published"] = format_time(published)
    return document


def like_activity(uri: str, actor: str, object_uri: str, *, to: Sequence[str]) -> Document:
    """Write a Like, addressed to the author."""
    return _plain("Like", uri, actor, object_uri, to=to)


def reaction_activity(
    uri: str, actor: str, object_uri: str, *, name: str, emoji: EmojiFacts | None = None, to: Sequence[str]
) -> Document:
    """Write a reaction: a Like that says with which emoji (ACV-6, FEP-c0e0).

    One form for everybody. Who knows reactions reads the emoji from `_misskey_reaction` or `content`; who does not
    reads a Like.
    """
    content = f":{emoji.shortcode}:" if emoji is not None else name
    document = _plain("Like", uri, actor, object_uri, to=to)
    document["@context"] = REACTION_CONTEXT
    document["content"] = document["_misskey_reaction"] = content
    if emoji is not None:
        document["tag"] = [emoji_tag(emoji)]
    return document


def follow_activity(uri: str, actor: str, object_uri: str) -> Document:
    """Write a Follow, addressed to whom it asks."""
    return _plain("Follow", uri, actor, object_uri, to=[object_uri])


def accept_activity(uri: str, actor: str, follow: Document) -> Document:
    """Write the Accept of a Follow, embedding it as received (ACV-1)."""
    return _plain("Accept", uri, actor, _embedded(follow), to=[str(follow["actor"])])


def reject_activity(uri: str, actor: str, follow: Document) -> Document:
    """Write the Reject of a Follow, embedding it as received."""
    return _plain("Reject", uri, actor, _embedded(follow), to=[str(follow["actor"])])


def undo_activity(uri: str, activity: Document) -> Document:
    """Write the Undo of an activity of ours, embedding all of it, for the same audience (ACV-2)."""
    document = _plain(
        "Undo",
        uri,
        activity["actor"],
        _embedded(activity),
        to=activity.get("to") or [],
        cc=activity.get("cc") or [],
    )
    document["@context"] = activity.get("@context", AS_CONTEXT)  # the terms of what it embeds
    return document


def block_activity(uri: str, actor: str, object_uri: str) -> Document:
    """Write a Block, addressed to the blocked."""
    return _plain("Block", uri, actor, object_uri, to=[object_uri])


def flag_activity(uri: str, actor: str, objects: Sequence[str], *, content: str, to: Sequence[str]) -> Document:
    """Write a Flag by the node itself, so that nobody learns who reported (MOD-3)."""
    return {
        "@context": AS_CONTEXT,
        "id": uri,
        "type": "Flag",
        "actor": actor,
        "to": list(to),
        "content": content,
        "object": list(objects),
    }


def move_activity(uri: str, actor: str, target: str, *, to: Sequence[str]) -> Document:
    """Write the Move of an actor to another account of the same person, for its followers (MOV-2)."""
    return {**_plain("Move", uri, actor, actor, to=to), "target": target}


def feature_activity(
    uri: str, actor: str, inner: Document | str, *, target: str, removed: bool, to: Sequence[str], cc: Sequence[str]
) -> Document:
    """Write the Add of a post (its id) or hashtag to a collection of the actor's, or the Remove (ACV-8)."""
    document = _plain("Remove" if removed else "Add", uri, actor, inner, to=to, cc=cc)
    if isinstance(inner, dict):
        document["@context"] = POST_CTX
    return {**document, "target": target}


def _plain(
    kind: str, uri: str, actor: str, inner: Document | str, *, to: Sequence[str] = (), cc: Sequence[str] = ()
) -> Document:
    document: Document = {"@context": AS_CONTEXT, "id": uri, "type": kind, "actor": actor}
    if to:
        document["to"] = list(to)
    if cc:
        document["cc"] = list(cc)
    document["object"] = inner
    return document


def _around(kind: str, uri: str, note: Document, actor: str, published: str) -> Document:
    document: Document = {
        "@context": POST_CTX,
        "id": uri,
        "type": kind,
        "actor": actor,
        "published": published,
        "to": note["to"],
        "cc": note["cc"],
        "object": _embedded(note),
    }
    if note.get("directMessage"):
        document["directMessage"] = True
    return document


def _embedded(document: Document) -> Document:
    """Return a document without the context, which the outer one gives."""
    return {key: value for key, value in document.items() if key != "@context"}
