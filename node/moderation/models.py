"""Tables of moderation."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class DomainPolicy(Base):
    """What this node does with a domain and its subdomains: `severity` is "allow", "noop", "silence" or "suspend".

    `obfuscate` hides parts of the name in the public list (MOD-2)."""

    __tablename__ = "domain_policies"

    domain: Mapped[str] = mapped_column(String(300), primary_key=True)
    severity: Mapped[str] = mapped_column(String(16))
    reject_media: Mapped[bool] = mapped_column(default=False)
    reject_reports: Mapped[bool] = mapped_column(default=False)
    obfuscate: Mapped[bool] = mapped_column(default=False)
    public_comment: Mapped[str] = mapped_column(Text, default="")
    private_comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class ModerationEntry(Base):
    """One decision, for the record. `actor_id` is None for the command line."""

    __tablename__ = "moderation_log"
    __table_args__ = (Index("ix_moderation_log_target", "target_kind", "target", "id"),)

    id: Mapped[Id]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(64))
    target_kind: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(300))
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
