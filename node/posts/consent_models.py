"""Tables of consent: what our people allowed others to do with their posts, and what somebody needs leave for."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Authorization(Base):
    """One of ours (`account_id`) was asked whether `interacting_uri` may stand beside a post of theirs (OBJ-14).

    `state` is "waiting", "given", "refused" or "revoked"; while given it is served as a stamp. `kind` is "quote",
    "like", "reply" or "announce".
    """

    __tablename__ = "authorizations"
    __table_args__ = (
        UniqueConstraint("post_id", "kind", "interacting_uri"),
        Index("ix_authorizations_interacting", "interacting_uri"),
        Index("ix_authorizations_account", "account_id", "state", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger)
    interacting_uri: Mapped[str] = mapped_column(String(2048))
    requester_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    request_uri: Mapped[str] = mapped_column(String(2048), default="")
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class InteractionRequest(Base):
    """`account_id` needs the leave of a post's author for what they did (OBJ-13, OBJ-15, OBJ-16).

    `subject_id` is the quoting post, the reply or the boost, or the like. `state` is "pending", "accepted",
    "rejected" or "revoked". `authorization_uri` is the stamp as it was named to us; `checked_at` when its server
    last confirmed it. `wanted_visibility` is how far a reply or boost goes once its author agrees.
    """

    __tablename__ = "interaction_requests"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index("ix_interaction_requests_uri", "uri"),
        Index("ix_interaction_requests_subject_uri", "subject_uri"),
        Index("ix_interaction_requests_authorization", "authorization_uri"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(BigInteger)
    subject_id: Mapped[int] = mapped_column(BigInteger)
    subject_uri: Mapped[str] = mapped_column(String(2048))
    uri: Mapped[str] = mapped_column(String(2048), default="")
    wanted_visibility: Mapped[str] = mapped_column(String(16), default="")
    authorization_uri: Mapped[str] = mapped_column(String(2048), default="")
    state: Mapped[str] = mapped_column(String(16), default="pending")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
