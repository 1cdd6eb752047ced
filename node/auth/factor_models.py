"""Tables of the second step of a sign-in: authenticator apps, passkeys, recovery codes, and sign-ins half way."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class TotpDevice(Base):
    """Somebody's authenticator app. The secret has to be read to check a code, so it is kept as it is, like the keys
    of accounts; once `confirmed_at` is set it is shown to nobody any more.

    `last_step` is the half minute of the newest code that was taken: one that is not newer is none (attack row 102).
    """

    __tablename__ = "totp_devices"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[BigInt] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes somebody keeps on paper, as its hash. A used one is deleted."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("account_id", "code_hash", name="uq_recovery_codes_account_code"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Passkey(Base):
    """A key of WebAuthn. `credential_id` and `public_key` are in base64url."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_account", "account_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[BigInt] = mapped_column(default=0)
    transports: Mapped[list[Any]] = mapped_column(default=list)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SignInStep(Base):
    """A ceremony under way, known by the hash of a secret that the browser holds for a few minutes.

    `purpose` is "second" (the password was right), "passkey" (signing in without one) or "register" (a new passkey).
    """

    __tablename__ = "sign_in_steps"

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    challenge: Mapped[str] = mapped_column(String(64))
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
