"""Reports that go to the server of whom they are about (MOD-3).

They only read and send, before the transaction that ends the event; other servers are told only what ours did.
"""

from node.accounts.queries import find_account
from node.events import (
    ReportFiled,
)
from node.reports.queries import find_report, list_posts
from node.uris import INSTANCE_ACTOR_ID
from outbox import activities
from outbox.address import send
from outbox.occasion import Sending
from outbox.recipients import Recipients


async def report_filed(on: Sending, event: ReportFiled) -> None:
    """Tell the moderators of the reported account's server, if the reporter wanted that; not who it was (MOD-3)."""
    report = await find_report(on.reader, event.report_id)
    target = None if report is None or not report.forwarded else await find_account(on.reader, report.target_id)
    if report is None or target is None or target.is_local or target.deleted_at is not None:
        return
    posts = await list_posts(on.reader, {int(id_) for id_ in report.post_ids})
    uris = [post.uri for _, post in sorted(posts.items()) if post.deleted_at is None]
    document = activities.flag(report.id, target, uris, report.comment, settings=on.runtime.settings)
    to = Recipients(author_id=INSTANCE_ACTOR_ID, account_ids=frozenset({target.id}), despite_blocks=True)
    await send(on, document, to, object_key=target.uri)
