"""Every table of a node in one place: importing this module imports every `models` module.

Used by the migrations, which compare `metadata()` with the database. A new slice with tables adds its line here;
`tests/unit/admin/test_schema.py` fails when one is missing.
"""

from sqlalchemy import MetaData

import inbox.models
import node.accounts.models
import node.announcements.models
import node.auth.factor_models
import node.auth.models
import node.barriers.models
import node.base.db.event_log
import node.base.db.stream_log
import node.blocks.models
import node.cards.models
import node.completion.models
import node.conversations.models
import node.counts.models
import node.drafts.models
import node.emojis.models
import node.filters.models
import node.follows.models
import node.http.models
import node.lists.models
import node.mail.models
import node.markers.models
import node.media.models
import node.moderation.models
import node.moments.models
import node.notifications.models
import node.polls.models
import node.posts.consent_models
import node.posts.models
import node.public_follows.models
import node.pulls.models
import node.push.models
import node.reactions.models
import node.relays.models
import node.remote.models
import node.reports.models
import node.scheduled.models
import node.search.models
import node.site.models
import node.starter_packs.models
import node.suggestions.models
import node.timelines.models
import node.trends.models
import outbox.models
from node.base.db.base import Base

MODULES = (
    inbox.models,
    node.accounts.models,
    node.auth.factor_models,
    node.barriers.models,
    node.announcements.models,
    node.auth.models,
    node.base.db.event_log,
    node.base.db.stream_log,
    node.blocks.models,
    node.cards.models,
    node.completion.models,
    node.counts.models,
    node.drafts.models,
    node.conversations.models,
    node.emojis.models,
    node.filters.models,
    node.follows.models,
    node.http.models,
    node.lists.models,
    node.mail.models,
    node.markers.models,
    node.media.models,
    node.moderation.models,
    node.moments.models,
    node.notifications.models,
    node.polls.models,
    node.posts.consent_models,
    node.posts.models,
    node.public_follows.models,
    node.pulls.models,
    node.push.models,
    node.reactions.models,
    node.relays.models,
    node.remote.models,
    node.reports.models,
    node.scheduled.models,
    node.search.models,
    node.site.models,
    node.starter_packs.models,
    node.suggestions.models,
    node.timelines.models,
    node.trends.models,
    outbox.models,
)


def metadata() -> MetaData:
    """Return the tables as the code knows them."""
    return Base.metadata
