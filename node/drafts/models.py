"""Tables of drafts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class KeptDraft(Base):
    """Something somebody began to write: one post, or the posts of a thread in order."""

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_account", "account_id", "id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    posts: Mapped[list[Any]] = mapped_column(default=list)
    """Each as `posts.drafts.stored_form` has it."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
