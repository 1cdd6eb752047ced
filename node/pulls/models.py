"""Tables of pulled accounts and of what their hosts were asked for."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class PulledAccount(Base):
    """A remote account that is pulled, was, or about which an operator decided. `due_at` is its next turn."""

    __tablename__ = "pulled_accounts"
    __table_args__ = (
        UniqueConstraint("account_id"),
        Index("ix_pulled_accounts_due", "is_merged", "due_at", "id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    choice: Mapped[str] = mapped_column(String(8), default="auto")
    """An operator's: "on", "off", or "auto", which goes by the counts."""
    reason: Mapped[str] = mapped_column(String(16), default="")
    """Why it is pulled: "reported", "followed here", "chosen"; "" while it is not."""
    is_on: Mapped[bool] = mapped_column(default=False)
    is_merged: Mapped[bool] = mapped_column(default=False)
    """Whether reads merge its posts into homes: while it is on, and for a moment longer."""
    switched_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    interval_seconds: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    """Turns in a row whose news had all been delivered before."""
    failures: Mapped[int] = mapped_column(default=0)
    root_url: Mapped[str] = mapped_column(String(2048), default="")
    page_url: Mapped[str] = mapped_column(String(2048), default="")
    """Where its outbox begins; "" while that is not known."""
    page_moves: Mapped[bool] = mapped_column(default=False)
    """Whether the first page was found under another address later, so that the root has to be asked each time."""
    asked_url: Mapped[str] = mapped_column(String(2048), default="")
    """What `etag` and `last_modified` belong to."""
    etag: Mapped[str] = mapped_column(String(300), default="")
    last_modified: Mapped[str] = mapped_column(String(64), default="")
    root_read_at: Mapped[datetime | None]
    pulled_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    """When its outbox was last read, or found unchanged."""
    last_new_at: Mapped[datetime | None]
    """When it last had a post that was not here."""
    new_posts: Mapped[BigInt] = mapped_column(default=0)
    result: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(String(500), default="")


class PullHost(Base):
    """What one host was asked for in this hour, by all processes, and until when it is left alone."""

    __tablename__ = "pull_hosts"

    id: Mapped[Id]
    host: Mapped[str] = mapped_column(String(300), unique=True)
    window_began_at: Mapped[datetime]
    requests: Mapped[int] = mapped_column(default=0)
    bytes_read: Mapped[BigInt] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    rests_until: Mapped[datetime | None]
    rests_because: Mapped[str] = mapped_column(String(64), default="")
