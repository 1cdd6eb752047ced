"""Tables of filters."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Filter(Base):
    """What one of ours filters in the places named in `context`, until `expires_at` if that is set.

    Every change gives the owner's `User.filters_version` a new number, by which compiled filters are kept.
    """

    __tablename__ = "filters"
    __table_args__ = (Index("ix_filters_account", "account_id", "id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(256))
    context: Mapped[list[Any]] = mapped_column(default=list)
    action: Mapped[str] = mapped_column(String(8), default="warn")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class FilterKeyword(Base):
    """A word or phrase of a filter. It is a whole filter to apps that know the first version only."""

    __tablename__ = "filter_keywords"
    __table_args__ = (Index("ix_filter_keywords_filter", "filter_id", "id"),)

    id: Mapped[Id]
    filter_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("filters.id", ondelete="CASCADE"))
    keyword: Mapped[str] = mapped_column(String(512))
    whole_word: Mapped[bool] = mapped_column(default=True)


class FilterStatus(Base):
    """One post that a filter names."""

    __tablename__ = "filter_statuses"
    __table_args__ = (UniqueConstraint("filter_id", "post_id"), Index("ix_filter_statuses_post", "post_id"))

    id: Mapped[Id]
    filter_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("filters.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
