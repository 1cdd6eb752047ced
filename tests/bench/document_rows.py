"""What anybody on the web or another server asks for: documents and pages of one person and one post."""

from sqlalchemy import select

from federation.vocabulary import AP_TYPE
from node.accounts.models import Account
from node.base.runtime import Runtime
from node.posts.models import Post
from tests.bench.load import Request, drive
from tests.bench.pace import Spent, cpu_a_request
from tests.bench.stage import Stage
from tests.bench.table import Row

TIMES = 300
COLD = 40


async def documents(stage: Stage, runtime: Runtime) -> list[Row]:
    """Actor document, WebFinger, public post: known to the process, and asked for the first time"""
    async with runtime.read() as reader:
        wrote = await reader.execute(
            select(Post.account_id, Post.id, Account.username)
            .join(Account, Account.id == Post.account_id)
            .where(Post.visibility == "public", Post.local.is_(True), Post.boost_of_id.is_(None))
            .order_by(Post.id.desc())
            .limit(COLD)
        )
        posts = [(row[0], row[1], row[2]) for row in wrote]
    people, resource = stage.filled.account_ids, f"/.well-known/webfinger?resource=acct:%s@{stage.settings.domain}"
    document, page = {"Accept": AP_TYPE}, {"Accept": "text/html"}
    kinds = {
        "actor document": [Request(f"/users/{id_}", headers=document) for id_ in people[:COLD]],
        "WebFinger": [Request(resource % f"p{number}") for number in range(COLD)],
        "public post document": [Request(f"/users/{who}/statuses/{id_}", headers=document) for who, id_, _ in posts],
        "public post page": [Request(f"/@{name}/{id_}", headers=page) for _, id_, name in posts],
    }
    found = []
    await drive(stage.url, [Request("/about", headers=page)], times=4, clients=1)  # what stands around every page
    for name, requests in kinds.items():
        await drive(stage.url, requests[:1], times=1, clients=1)  # what a process does once: templates, statements
        before, others = stage.cost("web"), requests[1:]
        await drive(stage.url, others, times=len(others), clients=1)
        cold = (stage.cost("web") - before).each(len(others))
        await drive(stage.url, requests[:1], times=20, clients=2)
        warm = await cpu_a_request(stage, requests[:1], times=TIMES, only="web")
        found.append(warm.row(f"{name}, cached: CPU", 1))
        found.append(Spent(cold, warm.bare_ms).row(f"{name}, cold: CPU", 5))
    herd = await drive(stage.url, kinds["public post page"][:1], times=1_000, clients=50)
    return [*found, Row("50 clients on one post: p95", f"{herd.p95:.0f} ms, {herd.per_second:.0f}/s")]
