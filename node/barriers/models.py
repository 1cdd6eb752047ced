"""Tables of barriers."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class EmailDomainBlock(Base):
    """A domain whose mail addresses, and those of its subdomains, may not sign up."""

    __tablename__ = "email_domain_blocks"

    id: Mapped[Id]
    domain: Mapped[str] = mapped_column(String(300), unique=True)
    created_at: Mapped[datetime]


class EmailBlock(Base):
    """A mailbox that may not sign up, as `rules.email_hash`: the address itself is not kept."""

    __tablename__ = "email_blocks"

    id: Mapped[Id]
    email_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class NetworkBlock(Base):
    """A network (`network` in its shortest form, `severity` of `rules.SEVERITIES`), for good or until `expires_at`."""

    __tablename__ = "network_blocks"

    id: Mapped[Id]
    network: Mapped[str] = mapped_column(String(64), unique=True)
    severity: Mapped[str] = mapped_column(String(32))
    comment: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
