"""Tables of notifications: what happened, what belongs together of it, whom somebody wants to hear, what was held back,
and who wants letters."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Notification(Base):
    """One thing that happened to `account`. `kind` is Mastodon's word: mention, favourite, reblog, follow,
    follow_request, status, update, poll. The unique key makes a repeated event harmless; `post_id` is 0 without a
    post, the report's id for admin.report, the severance's for severed_relationships.

    `group_key` names the group it is in, "" if it stands alone; `filtered` ones are held back (`rules.decide`).
    Which were read says the marker of their account (`node/markers`).
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "from_account_id", "post_id"),
        Index("ix_notifications_account", "account_id", "id"),
        Index("ix_notifications_post", "post_id"),
        Index("ix_notifications_group", "account_id", "group_key", "id"),
        Index("ix_notifications_from", "from_account_id", "account_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    from_account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[BigInt] = mapped_column(default=0)
    group_key: Mapped[str] = mapped_column(String(100), default="")
    filtered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class NotificationGroup(Base):
    """Notifications of `account` that belong together: one row however many there are, so that a page of groups is
    read from one index. `latest_id` is the newest that ever was in it; `coalesced` counts those beyond the budget,
    which have no row of their own."""

    __tablename__ = "notification_groups"
    __table_args__ = (
        Index("ix_notification_groups_latest", "account_id", "latest_id"),
        Index("ix_notification_groups_post", "post_id"),
    )

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    group_key: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    post_id: Mapped[BigInt] = mapped_column(default=0)
    latest_id: Mapped[BigInt]
    coalesced: Mapped[BigInt] = mapped_column(default=0)


class NotificationBudget(Base):
    """How many notifications of little weight `account` got in the hour that began at `began_at`."""

    __tablename__ = "notification_budgets"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    began_at: Mapped[datetime]
    used: Mapped[int] = mapped_column(default=0)


class NotificationPolicy(Base):
    """What `account` does with those it does not know: "accept", "filter" or "drop" each. No row: the defaults."""

    __tablename__ = "notification_policies"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    for_not_following: Mapped[str] = mapped_column(String(8), default="accept")
    for_not_followers: Mapped[str] = mapped_column(String(8), default="accept")
    for_new_accounts: Mapped[str] = mapped_column(String(8), default="accept")
    for_private_mentions: Mapped[str] = mapped_column(String(8), default="filter")
    for_limited_accounts: Mapped[str] = mapped_column(String(8), default="filter")


class NotificationRequest(Base):
    """Somebody whose words to `account` are held back until `account` says whether they may come."""

    __tablename__ = "notification_requests"
    __table_args__ = (
        UniqueConstraint("account_id", "from_account_id"),
        Index("ix_notification_requests_account", "account_id", "id"),
        Index("ix_notification_requests_from", "from_account_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    from_account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    last_post_id: Mapped[BigInt] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class NotificationPermission(Base):
    """`account` accepted a request: nothing of `from_account` is held back any more."""

    __tablename__ = "notification_permissions"
    __table_args__ = (Index("ix_notification_permissions_from", "from_account_id"),)

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    from_account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[datetime]


class Severance(Base):
    """Follows of `account` that somebody's decision ended: `kind` is "domain_block", "user_domain_block" or
    "account_suspension", `target_name` the domain or handle they went to or came from."""

    __tablename__ = "severances"
    __table_args__ = (Index("ix_severances_account", "account_id", "id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    target_name: Mapped[str] = mapped_column(String(300))
    followers_count: Mapped[int] = mapped_column(default=0)
    following_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class NotificationMail(Base):
    """Which notifications `account` wants letters of (`kinds`), and what the last letter told.

    `secret` is the key that unsubscribe links are signed with. A letter that is composed a second time, since the
    first one did not get through, starts from `told_before_id` again: `mail_id` says which letter that is.
    """

    __tablename__ = "notification_mails"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kinds: Mapped[list[Any]] = mapped_column(default=list)
    secret: Mapped[str] = mapped_column(String(64))
    mail_id: Mapped[BigInt] = mapped_column(default=0)
    told_up_to_id: Mapped[BigInt] = mapped_column(default=0)
    told_before_id: Mapped[BigInt] = mapped_column(default=0)
    day: Mapped[date | None]
    sent_on_day: Mapped[int] = mapped_column(default=0)
