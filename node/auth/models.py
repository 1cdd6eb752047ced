"""Tables of sign-in. Secrets are kept as hashes: a session, token or link is looked up by the SHA-256 of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class User(Base):
    """The person behind a local account. `role` is "user", "moderator" or "admin"."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_role", "role"),)

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), default="user")
    sign_up_reason: Mapped[str] = mapped_column(Text, default="")
    confirmed_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    """Locked out by a moderator; what the account wrote stays."""
    created_at: Mapped[datetime]
    last_active_at: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(String(16), default="en")
    theme: Mapped[str] = mapped_column(String(16), default="auto")
    default_visibility: Mapped[str] = mapped_column(String(16), default="public")
    default_sensitive: Mapped[bool] = mapped_column(default=False)
    default_language: Mapped[str | None] = mapped_column(String(16))
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    """The zone in which the pages read the times that the person types, as the IANA names it."""
    sign_up_app_id: Mapped[int | None] = mapped_column(BigInteger)
    """The app with which the person signed up: it may ask for the letter that confirms the address again."""
    default_quote_policy: Mapped[str] = mapped_column(String(16), default="public")
    """Who may quote a new post: "public", "followers", "nobody", or "manual", which asks each time."""
    filters_version: Mapped[BigInt] = mapped_column(default=0)
    """A new number with every change of the person's filters, 0 while there are none (`node/filters`)."""

    @property
    def is_usable(self) -> bool:
        """Whether the person may act: address confirmed and approved (where asked for), and not locked out."""
        return self.confirmed_at is not None and self.approved_at is not None and self.disabled_at is None


class SignUpNetwork(Base):
    """The network from which `account` signed up, a /24 or a /48: kept for a month (`node/trends/trust.py` says what
    for)."""

    __tablename__ = "sign_up_networks"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    network: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class ActiveWeek(Base):
    """`account` was here in a week (`activity.week_of`): what the node's weekly numbers are counted from."""

    __tablename__ = "active_weeks"

    week: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class WebSession(Base):
    """A browser that is signed in. The cookie holds the secret, the row its hash."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index("ix_web_sessions_account", "account_id"),)

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OAuthApp(Base):
    """An app that registered itself."""

    __tablename__ = "oauth_apps"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(255))
    website: Mapped[str] = mapped_column(String(2048), default="")
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    client_secret_hash: Mapped[str] = mapped_column(String(64))
    redirect_uris: Mapped[list[Any]] = mapped_column(default=list)
    scopes: Mapped[str] = mapped_column(Text, default="read")
    created_at: Mapped[datetime]


class OAuthCode(Base):
    """An authorisation code, good for one exchange within ten minutes."""

    __tablename__ = "oauth_codes"

    id: Mapped[Id]
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    app_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("oauth_apps.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str] = mapped_column(String(2048))
    scopes: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(String(128), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OAuthToken(Base):
    """A bearer token. Without `account_id` it speaks for the app alone; without `app_id` an operator made it."""

    __tablename__ = "oauth_tokens"
    __table_args__ = (Index("ix_oauth_tokens_account", "account_id"), Index("ix_oauth_tokens_app", "app_id"))

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    app_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("oauth_apps.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    code_id: Mapped[int | None] = mapped_column(BigInteger)
    """The authorisation code it was given for; should that come again, this ends."""
    scopes: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link that works once: `purpose` is "setup" (first admin), "confirm", "reset" or "invite"."""

    __tablename__ = "one_time_links"

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
