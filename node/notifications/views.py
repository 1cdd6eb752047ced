"""Notifications in the shape of Mastodon's API."""

from collections.abc import Sequence
from typing import Any

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.auth.queries import list_staff_ids
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.emojis.queries import list_emojis
from node.notifications.models import Notification
from node.notifications.rules import REPORT
from node.posts.rendering import render_posts
from node.posts.views import time_word
from node.reactions.queries import list_latest
from node.reports.queries import list_reports_by_id
from node.reports.views import report_view
from node.uris import emoji_picture_url


async def notification_views(
    runtime: Runtime,
    reader: Reader,
    rows: Sequence[Notification],
    viewer_id: int,
    *,
    reactions_as: str = "favourite",
) -> list[dict[str, Any]]:
    """Return Notifications in the order of `rows`; one whose post the viewer may not see is left out.

    A reaction has the type `reactions_as`, and says in `emoji` and `emoji_url` which it was.
    """
    accounts = await list_accounts(reader, {row.from_account_id for row in rows})
    post_ids = list(dict.fromkeys(row.post_id for row in rows if row.post_id and row.kind != REPORT))
    statuses = {
        int(status["id"]): status for status in await render_posts(runtime, reader, post_ids, viewer_id=viewer_id)
    }
    reports = await _report_views(runtime, reader, rows, viewer_id)
    reactions = await _reactions(runtime, reader, rows)
    shown = []
    for row in rows:
        sender = accounts.get(row.from_account_id)
        status = statuses.get(row.post_id)
        report = reports.get(row.post_id)
        if sender is None or sender.is_gone or (row.post_id and status is None and report is None):
            continue
        view: dict[str, Any] = {
            "id": str(row.id),
            "type": row.kind,
            "created_at": time_word(row.created_at),
            "group_key": f"ungrouped-{row.id}",
            "account": account_view(sender, settings=runtime.settings),
        }
        if status is not None:
            view["status"] = status
        if report is not None:
            view["report"] = report
        if row.kind == "reaction":
            if row.id not in reactions:
                continue
            view |= {"type": reactions_as, **reactions[row.id]}
        shown.append(view)
    return shown


async def _report_views(
    runtime: Runtime, reader: Reader, rows: Sequence[Notification], viewer_id: int
) -> dict[int, dict[str, Any]]:
    """Return the reports that some rows are about, by id: to somebody who still is a moderator (attack row 91)."""
    ids = {row.post_id for row in rows if row.kind == REPORT}
    if not ids or viewer_id not in await list_staff_ids(reader):
        return {}
    found = await list_reports_by_id(reader, ids)
    targets = await list_accounts(reader, {report.target_id for report in found.values()})
    return {
        id_: report_view(report, targets[report.target_id], settings=runtime.settings) for id_, report in found.items()
    }


async def _reactions(runtime: Runtime, reader: Reader, rows: Sequence[Notification]) -> dict[int, dict[str, Any]]:
    """Return, for those that are about a reaction, the emoji that was given last."""
    about = {row.id: (row.from_account_id, row.post_id) for row in rows if row.kind == "reaction"}
    latest = await list_latest(reader, list(about.values()))
    emojis = await list_emojis(reader, {reaction.emoji_id for reaction in latest.values() if reaction.emoji_id})
    views: dict[int, dict[str, Any]] = {}
    for row_id, pair in about.items():
        reaction = latest.get(pair)
        if reaction is None:
            continue
        emoji = emojis.get(reaction.emoji_id)
        url = None if emoji is None else emoji_picture_url(runtime.settings, emoji.id, emoji.version)
        views[row_id] = {"emoji": reaction.name if emoji is None else f":{emoji.name}:", "emoji_url": url}
    return views
