"""What apps read beside timelines: a post, its thread, a person, their posts, what happened, how one stands to others.

The CPU of all processes of the node, the median of some windows: a tick of the scheduler falls into one of them.
"""

from typing import Final

from sqlalchemy import select

from node.base.runtime import Runtime
from node.posts.models import Post
from tests.bench.load import Request, authorised, drive
from tests.bench.pace import cpu_a_request
from tests.bench.stage import Stage
from tests.bench.table import Row

KINDS: Final = 40
"""Posts and people that are read."""


async def reads(stage: Stage, runtime: Runtime) -> list[Row]:
    """One post, threads, people, notifications, relationships: CPU a request"""
    async with runtime.read() as reader:
        answered = (
            await reader.execute(
                select(Post.in_reply_to_id, Post.account_id)
                .where(Post.in_reply_to_id.is_not(None))
                .order_by(Post.id.desc())
                .limit(KINDS)
            )
        ).all()
    posts, people = [row[0] for row in answered], [row[1] for row in answered]
    asked = "&".join(f"id[]={id_}" for id_ in stage.filled.account_ids[:20])
    kinds = {
        "one post": [f"/api/v1/statuses/{id_}" for id_ in posts],
        "a post's thread": [f"/api/v1/statuses/{id_}/context" for id_ in posts],
        "a person": [f"/api/v1/accounts/{id_}" for id_ in people],
        "a person's posts, 20": [f"/api/v1/accounts/{id_}/statuses?limit=20" for id_ in people],
        "federated timeline, 20": ["/api/v1/timelines/public?limit=20"],
        "notifications, 20": ["/api/v1/notifications?limit=20"],
        "relationships, 20": [f"/api/v1/accounts/relationships?{asked}"],
        "own account": ["/api/v1/accounts/verify_credentials"],
    }
    found = []
    for name, paths in kinds.items():
        requests = [
            Request(path, headers=authorised(stage.readers[number % len(stage.readers)]))
            for number, path in enumerate(paths * (KINDS // len(paths)))
        ]
        await drive(stage.url, requests, times=2 * len(requests), clients=4)
        spent = await cpu_a_request(stage, requests, times=200)
        found.append(Row(f"{name}, warm: CPU a request", f"{spent}"))
    return found
