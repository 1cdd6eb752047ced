"""How much a caller may ask for, by who they are (client-api 16). Pure.

The numbers are the operator's (`limit_anonymous`, `limit_new`, `limit_normal`, `limit_trusted`, `limit_bot`): calls in
five minutes, of one address (an IPv6 /64) or of one person over all their apps. One token gets a fifth of its
person's, and never less than what a stranger gets by default: an app that runs wild leaves the others room.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from node.auth.rules import Principal
from node.base.settings import Settings
from node.http.limits import Bucket, Limit

Tier = Literal["anonymous", "new", "normal", "trusted", "bot"]

SECONDS: Final = 300
NEW_FOR: Final = timedelta(hours=24)
TRUSTED_AFTER: Final = timedelta(days=180)
LEAST_PER_TOKEN: Final = 300


def tier_of(principal: Principal | None, now: datetime) -> Tier:
    """Return what a caller is. Moderators and who has been here for long are trusted; a bot is a bot from its start."""
    if principal is None or principal.account_id is None:
        return "anonymous"
    if principal.role != "user":
        return "trusted"
    if principal.is_bot:
        return "bot"
    since = principal.joined_at
    if since is None or since > now - NEW_FOR:
        return "new"
    return "trusted" if since < now - TRUSTED_AFTER else "normal"


def buckets_of(
    principal: Principal | None, *, network: str, settings: Settings, now: datetime, cost: int = 1
) -> list[Bucket]:
    """Return what one call of a caller is paid from. `network` is whom a stranger counts as."""
    tier = tier_of(principal, now)
    count: int = getattr(settings, f"limit_{tier}")
    if principal is None:
        return [Bucket(Limit("address", count, SECONDS), f"address:{network}", cost)]
    token = Limit("token", max(LEAST_PER_TOKEN, count // 5), SECONDS)
    mine = [Bucket(token, f"token:{principal.token_id}", cost)]
    if principal.account_id is not None:
        mine.insert(0, Bucket(Limit("user", count, SECONDS), f"account:{principal.account_id}", cost))
    return mine
