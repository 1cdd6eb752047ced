"""The letter about notifications: what came while somebody was away. Registered with `node/mail`.

It quotes what everybody or the followers may read; of a private post it says only that there is one, since a mailbox
is a place of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from node.accounts.models import Account
from node.accounts.queries import find_account, list_accounts
from node.auth.queries import find_user
from node.mail.letters import Letter, Occasion, letter
from node.notifications.mail_queries import find_mail_wish, list_untold
from node.notifications.mail_rules import has_room, told_kinds, unsubscribe_token
from node.notifications.mailing import LETTER
from node.notifications.models import Notification, NotificationMail
from node.posts.models import Post
from node.reports.queries import list_posts
from node.text.sanitising import html_to_text

SHOWN: Final = 10
EXCERPT: Final = 200
WORDS: Final[Mapping[str, str]] = {
    "mention": "wrote to you",
    "quote": "quoted your post",
    "follow": "followed you",
    "follow_request": "asked to follow you",
    "favourite": "liked your post",
    "reaction": "reacted to your post",
    "reblog": "boosted your post",
    "status": "posted",
    "poll": "asked in a poll that has ended",
}


@letter(LETTER)
async def compose_news(occasion: Occasion) -> Letter | None:
    """Tell of what somebody has not seen; nothing if they were here since, or had today's letters already."""
    uow, settings, now = occasion.uow, occasion.settings, occasion.now
    account_id = occasion.mail.account_id or 0
    account, user = await find_account(uow, account_id), await find_user(uow, account_id)
    wish = await find_mail_wish(uow, account_id)
    if account is None or account.is_gone or user is None or not user.is_usable or wish is None or not wish.kinds:
        return None
    is_second_try = wish.mail_id == occasion.mail.id
    limit = settings.notification_mails_per_day
    if not is_second_try and not has_room(wish.day, wish.sent_on_day, today=now.date(), limit=limit):
        return None
    rows, count = await list_untold(
        uow,
        account_id,
        told_kinds(wish.kinds),
        after_id=wish.told_before_id if is_second_try else wish.told_up_to_id,
        since=user.last_active_at or datetime.min.replace(tzinfo=UTC),
        limit=SHOWN,
        now=now,
    )
    if not rows:
        return None
    _note(wish, occasion, rows[0].id, is_second_try=is_second_try)
    await uow.flush()
    stop = f"{settings.public_url}/unsubscribe?token={unsubscribe_token(account_id, wish.secret)}"
    context = {
        "username": account.username,
        "news": await _lines(occasion, rows),
        "more": count - len(rows),
        "link": f"{settings.public_url}/notifications",
        "stop": stop,
        "settings": f"{settings.public_url}/settings/notifications",
    }
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return Letter(user.email, f"What you missed at {settings.domain}", context, headers=headers)


def _note(wish: NotificationMail, occasion: Occasion, newest_id: int, *, is_second_try: bool) -> None:
    """Write down what this letter tells: the next one goes on behind it, and a second try of it starts where it did."""
    today = occasion.now.date()
    if not is_second_try:
        wish.mail_id, wish.told_before_id = occasion.mail.id, wish.told_up_to_id
        wish.sent_on_day = (wish.sent_on_day if wish.day == today else 0) + 1
        wish.day = today
    wish.told_up_to_id = newest_id


async def _lines(occasion: Occasion, rows: Sequence[Notification]) -> list[dict[str, str]]:
    senders = await list_accounts(occasion.uow, {row.from_account_id for row in rows})
    posts = await list_posts(occasion.uow, {row.post_id for row in rows if row.post_id})
    return [
        {
            "who": _name(senders[row.from_account_id]),
            "did": WORDS[row.kind],
            "excerpt": _excerpt(posts.get(row.post_id)),
        }
        for row in rows
        if row.from_account_id in senders
    ]


def _name(account: Account) -> str:
    return f"{account.display_name.strip()} (@{account.acct})" if account.display_name.strip() else f"@{account.acct}"


def _excerpt(post: Post | None) -> str:
    if post is None:
        return ""
    if post.visibility == "direct":
        return "A private post: read it on the page."
    text = " ".join((post.spoiler_text or html_to_text(post.content)).split())
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1].rstrip() + "…"
