"""Documents that we send and serve: facts (frozen dataclasses) in, dicts out. No database, no I/O.

One module a noun: `actors`, `posts`, `polls`, `activities`, `collections`, `wellknown`. Called by `outbox` (faces,
activities, well-known documents). The rules of GEN-2 and GEN-3 hold for all of them: lists are always lists,
single references always plain strings, and a key without a value is left out, except for the few that peers
expect to find (`summary` on actors, `inReplyTo` and `sensitive` on notes).
"""

from federation.writing.activities import (
    accept_activity,
    announce_activity,
    block_activity,
    create_activity,
    delete_activity,
    flag_activity,
    follow_activity,
    like_activity,
    move_activity,
    reject_activity,
    undo_activity,
    update_activity,
)
from federation.writing.actors import (
    ActorFacts,
    InstanceActorFacts,
    PictureFacts,
    actor_document,
    instance_actor_document,
)
from federation.writing.collections import collection, ordered_collection, ordered_collection_page
from federation.writing.consent import (
    accept_request,
    authorization_document,
    delete_of_authorization,
    quote_request,
    reject_request,
    request_as_received,
)
from federation.writing.polls import OptionFacts, PollFacts, vote_activity
from federation.writing.posts import (
    AttachmentFacts,
    EmojiFacts,
    HashtagFacts,
    MentionFacts,
    PostFacts,
    QuoteFacts,
    audience,
    note_document,
    tombstone_document,
)
from federation.writing.wellknown import (
    NodeInfoFacts,
    WebFingerFacts,
    host_meta_json,
    host_meta_xml,
    nodeinfo_document,
    nodeinfo_links,
    webfinger_document,
)

__all__ = [
    "ActorFacts",
    "AttachmentFacts",
    "EmojiFacts",
    "HashtagFacts",
    "InstanceActorFacts",
    "MentionFacts",
    "NodeInfoFacts",
    "OptionFacts",
    "PictureFacts",
    "PollFacts",
    "PostFacts",
    "QuoteFacts",
    "WebFingerFacts",
    "accept_activity",
    "accept_request",
    "actor_document",
    "announce_activity",
    "audience",
    "authorization_document",
    "block_activity",
    "collection",
    "create_activity",
    "delete_activity",
    "delete_of_authorization",
    "flag_activity",
    "follow_activity",
    "host_meta_json",
    "host_meta_xml",
    "instance_actor_document",
    "like_activity",
    "move_activity",
    "nodeinfo_document",
    "nodeinfo_links",
    "note_document",
    "ordered_collection",
    "ordered_collection_page",
    "quote_request",
    "reject_activity",
    "reject_request",
    "request_as_received",
    "tombstone_document",
    "undo_activity",
    "update_activity",
    "vote_activity",
    "webfinger_document",
]
