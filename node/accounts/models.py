"""Tables of actors. How a person signs in is `node/auth`; who follows whom is `node/follows`."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id

SPLIT: Final = {
    "sqlite": "domain <> '' AND instr(uri, '//' || domain || '/') = 0",
    "postgresql": "domain <> '' AND strpos(uri, '//' || domain || '/') = 0",
}
"""SQL: a remote account whose handle is of another domain than its host. As an index says it, so that it is taken."""


class Account(Base):
    """An actor. `domain` is "" for our own (so that (username, domain) is unique in every database).

    `username` keeps its case, `username_folded` is what is looked up. A remote actor whose handle was never
    confirmed (DISC-4) has `handle_confirmed` false and is shown by its id's host.
    `note` and `fields` hold sanitised HTML for remote actors and the person's own text for local ones.
    Counts of remote actors are what their server reported.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("username_folded", "domain"),
        Index("ix_accounts_domain_id", "domain", "id"),
        # Partial, for the directory: most accounts that are known here do not want to be found.
        Index(
            "ix_accounts_discoverable",
            "last_post_at",
            "id",
            sqlite_where=text("discoverable IS 1"),
            postgresql_where=text("discoverable IS true"),
        ),
        Index(
            "ix_accounts_discoverable_here",
            "last_post_at",
            "id",
            sqlite_where=text("discoverable IS 1 AND (domain = '') IS 1"),
            postgresql_where=text("discoverable IS true AND (domain = '') IS true"),
        ),
        # For the policies of domains: whose host tells something else than `domain`.
        Index(
            "ix_accounts_split",
            "uri",
            "id",
            sqlite_where=text(SPLIT["sqlite"]),
            postgresql_where=text(SPLIT["postgresql"]),
        ),
        Index(
            "ix_accounts_well_known",
            "followers_count",
            sqlite_where=text("followers_count >= 50"),
            postgresql_where=text("followers_count >= 50"),
        ),
    )

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(2048))
    username_folded: Mapped[str] = mapped_column(String(2048))
    domain: Mapped[str] = mapped_column(String(300), default="")
    handle_confirmed: Mapped[bool] = mapped_column(default=True)
    uri: Mapped[str] = mapped_column(String(2048), unique=True)
    url: Mapped[str] = mapped_column(String(2048))
    inbox_url: Mapped[str] = mapped_column(String(2048), default="")
    shared_inbox_url: Mapped[str] = mapped_column(String(2048), default="")
    outbox_url: Mapped[str] = mapped_column(String(2048), default="")
    followers_url: Mapped[str] = mapped_column(String(2048), default="")
    following_url: Mapped[str] = mapped_column(String(2048), default="")
    featured_url: Mapped[str] = mapped_column(String(2048), default="")
    featured_tags_url: Mapped[str] = mapped_column(String(2048), default="")
    actor_type: Mapped[str] = mapped_column(String(32), default="Person")
    display_name: Mapped[str] = mapped_column(String(2048), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    fields: Mapped[list[Any]] = mapped_column(default=list)
    emojis: Mapped[list[Any]] = mapped_column(default=list)
    avatar_url: Mapped[str] = mapped_column(String(2048), default="")
    header_url: Mapped[str] = mapped_column(String(2048), default="")
    avatar_key: Mapped[str] = mapped_column(String(300), default="")
    header_key: Mapped[str] = mapped_column(String(300), default="")
    locked: Mapped[bool] = mapped_column(default=False)
    bot: Mapped[bool] = mapped_column(default=False)
    discoverable: Mapped[bool] = mapped_column(default=False)
    indexable: Mapped[bool] = mapped_column(default=False)
    hide_collections: Mapped[bool] = mapped_column(default=False)
    avatar_description: Mapped[str] = mapped_column(Text, default="")
    header_description: Mapped[str] = mapped_column(Text, default="")
    show_media: Mapped[bool] = mapped_column(default=True)
    show_media_replies: Mapped[bool] = mapped_column(default=True)
    show_featured: Mapped[bool] = mapped_column(default=True)
    """Which tabs a local account's page has: media, media in replies too, whom and what it features."""
    memorial: Mapped[bool] = mapped_column(default=False)
    moved_to_uri: Mapped[str] = mapped_column(String(2048), default="")
    moved_at: Mapped[datetime | None]
    """When a move of the account last had its effect here (MOV-1, MOV-2)."""
    also_known_as: Mapped[list[Any]] = mapped_column(default=list)
    attribution_domains: Mapped[list[Any]] = mapped_column(default=list)
    """The sites whose pages may name this account as their author (attack row 46)."""
    followers_count: Mapped[BigInt] = mapped_column(default=0)
    following_count: Mapped[BigInt] = mapped_column(default=0)
    posts_count: Mapped[BigInt] = mapped_column(default=0)
    last_post_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    """Grows with each change of what others see of the profile: part of the key of rendered posts."""
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    backfilled_at: Mapped[datetime | None]
    """When the posts of a remote actor were last read from its outbox (COL-8)."""
    waiting: Mapped[bool] = mapped_column(default=False)
    """Signed up and not approved yet: nobody sees even the name (attack row 73)."""
    followers_synced_at: Mapped[datetime | None]
    """When the list of our people who follow a remote actor was last asked for (FEP-8fcf)."""
    silenced_at: Mapped[datetime | None]
    sensitised_at: Mapped[datetime | None]
    """Since when a moderator has all its media shown as sensitive."""
    suspended_at: Mapped[datetime | None]
    """Suspended here, by an operator."""
    suspended_by_origin: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None]
    """Gone for good; the row stays, so that the name is never given to somebody else (attack row 73)."""

    @property
    def is_local(self) -> bool:
        """Whether this is one of our own people."""
        return self.domain == ""

    @property
    def acct(self) -> str:
        """Bare for local actors, user@domain for remote ones."""
        return self.username if not self.domain else f"{self.username}@{self.domain}"

    @property
    def is_gone(self) -> bool:
        """Whether the actor is to be treated as absent: suspended or deleted, here or at its origin, or waiting."""
        return self.waiting or self.suspended_at is not None or self.suspended_by_origin or self.deleted_at is not None


class AccountWord(Base):
    """A word by whose beginning an account is found (`names.py`)."""

    __tablename__ = "account_words"
    __table_args__ = (Index("ix_account_words_account", "account_id", "word"), {"sqlite_with_rowid": False})

    here: Mapped[bool] = mapped_column(primary_key=True)
    """Whether it is one of our people's."""
    word: Mapped[str] = mapped_column(
        String(64).with_variant(String(64, collation="C"), "postgresql"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class AccountKey(Base):
    """A key of an actor: ours with the private half, a remote one's as it was last seen.

    `key_id` is unique: the first actor that proved it owns a key id keeps it (attack row 13).
    """

    __tablename__ = "account_keys"
    __table_args__ = (Index("ix_account_keys_account", "account_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    key_id: Mapped[str] = mapped_column(String(2048), unique=True)
    public_pem: Mapped[str] = mapped_column(Text)
    private_pem: Mapped[str] = mapped_column(Text, default="")
    fetched_at: Mapped[datetime]
