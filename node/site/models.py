"""Tables of what operators write about the node."""

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class SiteRule(Base):
    """A rule of the node. One that is retired stays, for the reports that name it."""

    __tablename__ = "site_rules"

    id: Mapped[Id]
    text: Mapped[str] = mapped_column(Text)
    hint: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class SitePage(Base):
    """A longer text about the node, in Markdown: `name` is "about", "privacy" or "terms"."""

    __tablename__ = "site_pages"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    updated_by: Mapped[int | None] = mapped_column(BigInteger)
