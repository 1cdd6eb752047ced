"""Tables of search: the documents, what waits to become one, and a rebuild under way."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class SearchDocument(Base):
    """A post as search knows it (`documents.Document`). `is_open`: an engine holds it, for everybody.

    A post that is not open is here only while it may be in somebody's library: written by one of ours, naming, liked,
    boosted or kept by one. `tokens` is filled where PostgreSQL is the engine.
    """

    __tablename__ = "search_documents"
    __table_args__ = (
        Index("ix_search_documents_account", "account_id", "post_id"),
        Index(
            "ix_search_documents_tokens",
            "tokens",
            postgresql_using="gin",
            postgresql_where=text("is_open"),
            sqlite_where=text("tokens IS NOT NULL"),
        ),
    )

    post_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[BigInt]
    is_open: Mapped[bool] = mapped_column(default=False)
    words: Mapped[str] = mapped_column(Text)
    tokens: Mapped[str | None] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))


class SearchTask(Base):
    """A post whose document is to be made, made anew or taken away; or all posts of an account (`account_id`), one
    part after the other: `after_id` says where it goes on. `version` grows when it is asked for again meanwhile."""

    __tablename__ = "search_tasks"
    __table_args__ = (Index("ix_search_tasks_due", "due_at", "id"),)

    id: Mapped[Id]
    subject: Mapped[str] = mapped_column(String(32), unique=True)
    """`post:ID` or `account:ID`: a second wish for the same is the first one."""
    post_id: Mapped[int | None] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    after_id: Mapped[BigInt] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)


class SearchRebuild(Base):
    """The rebuild of the index under way, or the last one: one row. Goes from the newest post to the oldest."""

    __tablename__ = "search_rebuilds"

    id: Mapped[Id]
    engine: Mapped[str] = mapped_column(String(16))
    next_id: Mapped[BigInt]
    """Posts below this are still to come."""
    done_count: Mapped[BigInt] = mapped_column(default=0)
    total_count: Mapped[BigInt] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
