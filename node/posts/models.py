"""Tables of posts and of what people do with them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Post(Base):
    """A post, ours or remote, or a boost (`boost_of_id` set, no text of its own).

    `visibility` is "public", "unlisted", "followers" or "direct". `content` is safe HTML; `text` is the source
    of a local post. A deleted post keeps its row without its words (`deleted_at`): its id answers 410, and a
    late Create or Update cannot bring it back.
    """

    __tablename__ = "posts"
    __table_args__ = (
        Index("ix_posts_account", "account_id", "id"),
        Index("ix_posts_reply", "in_reply_to_id", "id"),
        Index("ix_posts_thread", "thread_id", "id"),
        # Partial, or statistics say that one URI has a million posts, and every arrival reads all of them.
        Index(
            "ix_posts_orphans",
            "in_reply_to_uri",
            sqlite_where=text("in_reply_to_uri IS NOT NULL"),
            postgresql_where=text("in_reply_to_uri IS NOT NULL"),
        ),
        # Partial, or SQLite takes it for the millions of posts that are no boost and sorts them for every page.
        Index(
            "ix_posts_boost",
            "boost_of_id",
            "account_id",
            sqlite_where=text("boost_of_id IS NOT NULL"),
            postgresql_where=text("boost_of_id IS NOT NULL"),
        ),
        Index(
            "ix_posts_boosts",
            "boost_of_id",
            "id",
            sqlite_where=text("boost_of_id IS NOT NULL"),
            postgresql_where=text("boost_of_id IS NOT NULL"),
        ),
        Index(
            "uq_posts_boost",
            "account_id",
            "boost_of_id",
            unique=True,
            sqlite_where=text("boost_of_id IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=text("boost_of_id IS NOT NULL AND deleted_at IS NULL"),
        ),
        Index(
            "ix_posts_quoted",
            "quoted_id",
            "id",
            sqlite_where=text("quoted_id IS NOT NULL"),
            postgresql_where=text("quoted_id IS NOT NULL"),
        ),
        Index(
            "ix_posts_public",
            "id",
            sqlite_where=text("visibility = 'public' AND deleted_at IS NULL AND boost_of_id IS NULL"),
            postgresql_where=text("visibility = 'public' AND deleted_at IS NULL AND boost_of_id IS NULL"),
        ),
        Index(
            "ix_posts_public_local",
            "local",
            "id",
            sqlite_where=text("visibility = 'public' AND deleted_at IS NULL AND boost_of_id IS NULL"),
            postgresql_where=text("visibility = 'public' AND deleted_at IS NULL AND boost_of_id IS NULL"),
        ),
    )

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(String(2048), unique=True)
    url: Mapped[str] = mapped_column(String(2048), default="")
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    local: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(String(16), default="Note")
    visibility: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str] = mapped_column(Text, default="")
    spoiler_text: Mapped[str] = mapped_column(Text, default="")
    sensitive: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None] = mapped_column(String(16))
    emojis: Mapped[list[Any]] = mapped_column(default=list)
    in_reply_to_id: Mapped[int | None] = mapped_column(BigInteger)
    in_reply_to_account_id: Mapped[int | None] = mapped_column(BigInteger)
    in_reply_to_uri: Mapped[str | None] = mapped_column(String(2048))
    """Set while the parent of a remote reply is not known here; cleared when it arrives."""
    thread_id: Mapped[BigInt]
    """Id of the oldest post known here of this thread: its own for a root."""
    context_uri: Mapped[str] = mapped_column(String(2048), default="")
    boost_of_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    quoted_id: Mapped[int | None] = mapped_column(BigInteger)
    quoted_uri: Mapped[str | None] = mapped_column(String(2048))
    quote_state: Mapped[str] = mapped_column(String(16), default="")
    """"" for a post that quotes nothing, else "pending", "accepted", "rejected", "revoked", "deleted" or "legacy"."""
    interaction_policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Who may quote, reply, like, announce (OBJ-16), as `federation` normalised it; empty: everybody."""
    replies_uri: Mapped[str] = mapped_column(String(2048), default="")
    """The replies collection of a remote post, for the completion of its thread (COL-7)."""
    thread_checked_at: Mapped[datetime | None]
    """When its replies were last asked for."""
    fetched: Mapped[bool] = mapped_column(default=False)
    """We fetched it, so nobody here was told of it; it still is news when it is delivered (INB-10)."""
    application_id: Mapped[int | None] = mapped_column(BigInteger)
    local_only: Mapped[bool] = mapped_column(default=False)
    """Never leaves this server: only people with an account here see it. Its answers, quotes and boosts are so too."""
    card_id: Mapped[int | None] = mapped_column(BigInteger)
    """The link preview it shows (`node.cards`), once that is there."""
    replies_count: Mapped[BigInt] = mapped_column(default=0)
    boosts_count: Mapped[BigInt] = mapped_column(default=0)
    likes_count: Mapped[BigInt] = mapped_column(default=0)
    quotes_count: Mapped[BigInt] = mapped_column(default=0)
    reactions_count: Mapped[BigInt] = mapped_column(default=0)
    reported_replies: Mapped[int | None] = mapped_column(BigInteger)
    reported_boosts: Mapped[int | None] = mapped_column(BigInteger)
    reported_likes: Mapped[int | None] = mapped_column(BigInteger)
    """What a remote post's own server says, a hint from nobody else (COL-4); None while it said nothing."""
    published_at: Mapped[datetime]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class PostEdit(Base):
    """A post as it stood before an edit."""

    __tablename__ = "post_edits"
    __table_args__ = (Index("ix_post_edits_post", "post_id", "id"),)

    id: Mapped[Id]
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    content: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, default="")
    spoiler_text: Mapped[str] = mapped_column(Text, default="")
    sensitive: Mapped[bool] = mapped_column(default=False)
    emojis: Mapped[list[Any]] = mapped_column(default=list)
    media: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]


class Mention(Base):
    """An account a post is addressed to. `silent`: addressed or delivered to, but not named in the text (AUD-3)."""

    __tablename__ = "mentions"
    __table_args__ = (Index("ix_mentions_account", "account_id", "post_id"),)

    post_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    silent: Mapped[bool] = mapped_column(default=False)


class Hashtag(Base):
    """A hashtag: `name` is folded (NFKC, casefold) for matching, `display` as it was first written."""

    __tablename__ = "hashtags"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(300), unique=True)
    display: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PostHashtag(Base):
    """A post carries a hashtag."""

    __tablename__ = "post_hashtags"
    __table_args__ = (Index("ix_post_hashtags_tag", "hashtag_id", "post_id"),)

    post_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    hashtag_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("hashtags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class Like(Base):
    """`account` likes a post. `uri` is the Like activity's id."""

    __tablename__ = "likes"
    __table_args__ = (
        UniqueConstraint("account_id", "post_id"),
        Index("ix_likes_post", "post_id", "id"),
        Index("ix_likes_account", "account_id", "id"),
        Index("ix_likes_uri", "uri"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    uri: Mapped[str] = mapped_column(String(2048), default="")
    created_at: Mapped[datetime]


class Bookmark(Base):
    """`account` keeps a post for later; nobody else knows."""

    __tablename__ = "bookmarks"
    __table_args__ = (
        UniqueConstraint("account_id", "post_id"),
        Index("ix_bookmarks_account", "account_id", "id"),
        Index("ix_bookmarks_post", "post_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class Pin(Base):
    """A post stands at the top of its author's page: a post is pinned by nobody else. The newest has the highest id."""

    __tablename__ = "pins"
    __table_args__ = (Index("ix_pins_account", "account_id", "id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), unique=True)
    created_at: Mapped[datetime]


class ThreadMute(Base):
    """`account` wants to hear no more of a thread: nothing in it notifies them."""

    __tablename__ = "thread_mutes"
    __table_args__ = (Index("ix_thread_mutes_thread", "thread_id"),)

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    thread_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]


class FeaturedTag(Base):
    """`account` shows a hashtag on its page."""

    __tablename__ = "featured_tags"
    __table_args__ = (UniqueConstraint("account_id", "hashtag_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    hashtag_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("hashtags.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class TagFollow(Base):
    """`account` (local) has public posts with a hashtag in its home."""

    __tablename__ = "tag_follows"
    __table_args__ = (
        UniqueConstraint("account_id", "hashtag_id"),
        Index("ix_tag_follows_account", "account_id", "id"),
        Index("ix_tag_follows_hashtag", "hashtag_id", "account_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    hashtag_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("hashtags.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class IdempotencyKey(Base):
    """An `Idempotency-Key` an account used, and the post it made: written in the transaction of that post."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created", "created_at"),)

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    post_id: Mapped[BigInt]
    """The post, or what will be one: a scheduled post. Of a thread, its first."""
    also_ids: Mapped[list[Any]] = mapped_column(default=list)
    """The posts of a thread after its first."""
    created_at: Mapped[datetime]
