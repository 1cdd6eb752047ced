"""Notifications in the shape of Mastodon's API, one by one. Groups are in `group_views`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from node.accounts.models import Account
from node.accounts.queries import list_accounts
from node.auth.queries import list_staff_ids
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.emojis.queries import list_emojis
from node.notifications.fallbacks import fallback_of
from node.notifications.grouping import shown_key
from node.notifications.models import Notification, Severance
from node.notifications.queries import list_severances
from node.notifications.rules import OTHER_SUBJECTS, REPORT, SEVERED
from node.posts.rendered_posts import author_views
from node.posts.rendering import render_posts
from node.posts.views import time_word
from node.reactions.queries import list_latest
from node.reports.queries import list_reports_by_id
from node.reports.views import report_view
from node.uris import emoji_picture_url


@dataclass(frozen=True, slots=True)
class Seen:
    """What some notifications are about, as their recipient may see it at this moment."""

    accounts: Mapping[int, Account]
    statuses: Mapping[int, dict[str, Any]]
    reports: Mapping[int, dict[str, Any]]
    severances: Mapping[int, dict[str, Any]]
    reactions: Mapping[int, dict[str, Any]]
    """By the notification's id."""

    def subject(self, row: Notification) -> dict[str, Any] | None:
        """Return what a notification is about, by its key in the API; None when that is not there to be seen."""
        if row.kind == "reaction" and row.id not in self.reactions:
            return None
        if row.kind == REPORT:
            return {"report": self.reports[row.post_id]} if row.post_id in self.reports else None
        if row.kind == SEVERED:
            return {"event": self.severances[row.post_id]} if row.post_id in self.severances else None
        if row.post_id:
            return {"status": self.statuses[row.post_id]} if row.post_id in self.statuses else None
        return {}


async def see(
    runtime: Runtime,
    reader: Reader,
    rows: Sequence[Notification],
    viewer_id: int,
    *,
    account_ids: Collection[int] = (),
) -> Seen:
    """Gather what some notifications are about, and further accounts."""
    post_ids = list(dict.fromkeys(row.post_id for row in rows if row.post_id and row.kind not in OTHER_SUBJECTS))
    return Seen(
        accounts=await list_accounts(reader, {row.from_account_id for row in rows} | set(account_ids)),
        statuses={
            int(status["id"]): status for status in await render_posts(runtime, reader, post_ids, viewer_id=viewer_id)
        },
        reports=await _report_views(runtime, reader, rows, viewer_id),
        severances=await _severance_views(reader, rows, viewer_id),
        reactions=await _reactions(runtime, reader, rows),
    )


async def notification_views(
    runtime: Runtime,
    reader: Reader,
    rows: Sequence[Notification],
    viewer_id: int,
    *,
    reactions_as: str = "favourite",
    supported_types: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return Notifications in the order of `rows`; one whose post the viewer may not see is left out.

    A reaction has the type `reactions_as`, and says in `emoji` and `emoji_url` which it was. To an app that says what
    it supports, others are put in words besides.
    """
    seen = await see(runtime, reader, rows, viewer_id)
    senders = await author_views(runtime, seen.accounts.values())
    shown = []
    for row in rows:
        sender, subject = seen.accounts.get(row.from_account_id), seen.subject(row)
        if sender is None or sender.is_gone or subject is None:
            continue
        view: dict[str, Any] = {
            "id": str(row.id),
            "type": reactions_as if row.kind == "reaction" else row.kind,
            "created_at": time_word(row.created_at),
            "group_key": shown_key(row.group_key, row.id),
            "account": senders[sender.id],
            **subject,
            **seen.reactions.get(row.id, {}),
        }
        if row.filtered:
            view["filtered"] = True
        if supported_types and view["type"] not in supported_types:
            view["fallback"] = fallback_of(row.kind, view["account"])
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


async def _severance_views(reader: Reader, rows: Sequence[Notification], viewer_id: int) -> dict[int, dict[str, Any]]:
    ids = {row.post_id for row in rows if row.kind == SEVERED}
    return {found.id: severance_view(found) for found in await list_severances(reader, viewer_id, ids)}


def severance_view(severance: Severance) -> dict[str, Any]:
    """Return a RelationshipSeveranceEvent."""
    return {
        "id": str(severance.id),
        "type": severance.kind,
        "purged": True,
        "target_name": severance.target_name,
        "followers_count": severance.followers_count,
        "following_count": severance.following_count,
        "created_at": time_word(severance.created_at),
    }


async def _reactions(runtime: Runtime, reader: Reader, rows: Sequence[Notification]) -> dict[int, dict[str, Any]]:
    """Return, for those that are about a reaction, the emoji that was given last."""
    about = {row.id: (row.from_account_id, row.post_id) for row in rows if row.kind == "reaction"}
    if not about:
        return {}
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
