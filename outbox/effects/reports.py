"""Reports that go to the server of whom they are about (MOD-3).

Effects: each runs in the transaction that ends its event, and tells other servers only what ours did.
"""

from node.accounts.queries import find_account
from node.events import (
    ReportFiled,
)
from node.reports.queries import find_report, list_posts
from node.uris import INSTANCE_ACTOR_ID
from outbox import activities
from outbox.address import Occasion, send
from outbox.recipients import Recipients


async def report_filed(on: Occasion, event: ReportFiled) -> None:
    """Tell the moderators of the reported account's server, if the reporter wanted that; not who it was (MOD-3)."""
    report = await find_report(on.uow, event.report_id)
    target = None if report is None or not report.forwarded else await find_account(on.uow, report.target_id)
    if report is None or target is None or target.is_local or target.deleted_at is not None:
        return
    posts = await list_posts(on.uow, {int(id_) for id_ in report.post_ids})
    uris = [post.uri for _, post in sorted(posts.items()) if post.deleted_at is None]
    document = activities.flag(report.id, target, uris, report.comment, settings=on.runtime.settings)
    to = Recipients(author_id=INSTANCE_ACTOR_ID, account_ids=frozenset({target.id}), despite_blocks=True)
    await send(on, document, to, object_key=target.uri)
