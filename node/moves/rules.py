"""When somebody may move, and where to. Pure.

A move needs both sides: the old account says where it goes, the new one lists the old among its aliases. Without
the second half anybody could take somebody's followers (attack row 39).
"""

from datetime import datetime, timedelta
from typing import Final

from node.accounts.models import Account
from node.base.errors import Invalid

RECEIVED_EVERY: Final = timedelta(days=7)
"""One move of an actor of another server has an effect in this time (MOV-1, row 39)."""
MOVES_EVERY: Final = timedelta(days=30)
"""How long one of ours waits between two moves (MOV-2)."""
MAX_ALIASES: Final = 10


def is_alias_of(account_uri: str, target: Account) -> bool:
    """Whether `target` says that it was `account_uri` before."""
    return account_uri in target.also_known_as


def moved_lately(account: Account, now: datetime) -> bool:
    """Whether a remote account's move had its effect so lately that another has none."""
    return account.moved_at is not None and account.moved_at > now - RECEIVED_EVERY


def check_move(account: Account, target: Account, *, now: datetime, redirect_only: bool) -> None:
    """Raise Invalid with a plain sentence unless one of ours may move to `target` now (MOV-2)."""
    if target.id == account.id:
        raise Invalid(fields={"target": ["That is this account."]})
    if target.is_gone:
        raise Invalid(fields={"target": ["That account is not there any more."]})
    if target.moved_to_uri:
        raise Invalid(fields={"target": ["That account has moved on itself."]})
    if not is_alias_of(account.uri, target):
        raise Invalid(
            fields={"target": ["That account does not name this one as an alias yet. Add the alias over there first."]}
        )
    if not redirect_only and account.moved_at is not None and account.moved_at > now - MOVES_EVERY:
        day = (account.moved_at + MOVES_EVERY).date()
        raise Invalid(fields={"target": [f"You moved less than 30 days ago. You can move again on {day}."]})
