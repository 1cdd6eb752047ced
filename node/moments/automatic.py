"""Moments that the node makes out of what trends: worked out every few minutes from the posts of the trending hashtags.

Hashtags that share their posts are one moment; its posts are the ones that moved people most, a few of each author,
without doubles (`rules.cluster`). A moment goes on growing while its topic stays in the talk; one that a moderator
took down is not made again meanwhile. Read by nobody but who asks for moments; switched off by `automatic_moments`.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log1p
from typing import Any, Final

from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.moments.queries import find_automatic, list_automatic_beyond, list_topic_posts
from node.moments.rules import Cluster, Topic, TopicPost, cluster, title_of
from node.moments.service import drop_moments, write_automatic
from node.text.sanitising import html_to_text
from node.trends.queries import list_hashtags
from node.trends.rules import Trend, explanation
from node.trends.service import current_trends
from node.trends.trust import Trust
from node.trends.trusting import known_trust
from node.uris import INSTANCE_ACTOR_ID

TOPICS: Final = 8
"""Strongest hashtags that are looked at."""
WINDOW: Final = timedelta(hours=48)
PER_TOPIC: Final = 200
"""Newest posts of a hashtag that are looked at."""
KEPT: Final = 200
"""Moments of the node's own that are kept, the newest."""
_WORD: Final = re.compile(r"\w{2,}")


async def refresh_automatic(runtime: Runtime) -> int:
    """Make and renew the node's own moments out of what trends now; return how many were written."""
    now = runtime.now()
    trust = await known_trust(runtime)
    trends = {trend.id: trend for trend in (await current_trends(runtime, "tags"))[:TOPICS]}
    async with runtime.read() as reader:
        tags = await list_hashtags(reader, list(trends))
        topics = [
            Topic(tags[id_].display, await topic_posts(reader, trend, trust, now))
            for id_, trend in trends.items()
            if id_ in tags
        ]
    reasons = {tags[id_].display: explanation(trend, "tags") for id_, trend in trends.items() if id_ in tags}
    clusters = cluster(topics)
    for one in clusters:
        await _write(runtime, one, reasons[one.names[0]])
    if clusters:
        async with runtime.write() as uow:
            await drop_moments(uow, await list_automatic_beyond(uow, KEPT))
    return len(clusters)


async def _write(runtime: Runtime, found: Cluster, reason: str) -> None:
    now = runtime.now()
    topic = found.names[0].casefold()
    async with runtime.write() as uow:
        await write_automatic(
            uow,
            await find_automatic(uow, topic, now - WINDOW),
            curator_id=INSTANCE_ACTOR_ID,
            topic=topic,
            title=title_of(found.names),
            description=f"{reason[:1].upper()}{reason[1:]}.",
            post_ids=[post.post_id for post in found.posts],
            now=now,
        )


async def topic_posts(reader: Reader, trend: Trend, trust: Trust, now: datetime) -> list[TopicPost]:
    """Return the posts of a topic, those of people who are known here: who writes most under a hashtag of others, and
    has it liked by their like, is in no moment of the node's; all for whom one person vouches alone are as one."""
    newest = await list_topic_posts(reader, trend.id, now - WINDOW, PER_TOPIC)
    named = await list_topic_posts(reader, trend.id, now - WINDOW, PER_TOPIC, among=trend.post_ids)
    rows = {row[0]: row for row in [*newest, *named] if not trust.of or row[1] in trust.of}
    return [_topic_post(row, trust.voice(row[1])) for row in rows.values()]


def _topic_post(row: Sequence[Any], voice: int) -> TopicPost:
    id_, _, likes, boosts, replies, content, _ = row
    words = frozenset(word.casefold() for word in _WORD.findall(html_to_text(content)))
    return TopicPost(id_, voice, log1p(likes + 2 * boosts + replies), words)
