"""Tables of custom emoji."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Emoji(Base):
    """A small picture that stands for `:shortcode:`. `domain` is "" for ours, else the host of whoever used it (OBJ-6).

    Ours has files (`storage_key`, and `static_key` where it moves); a remote one has `image_url`, copied when somebody
    first looks. `version` grows when the picture changes and is part of its address.
    """

    __tablename__ = "emojis"
    __table_args__ = (UniqueConstraint("domain", "shortcode"),)

    id: Mapped[Id]
    domain: Mapped[str] = mapped_column(String(300), default="")
    shortcode: Mapped[str] = mapped_column(String(100))
    uri: Mapped[str] = mapped_column(String(2048), default="")
    """The id its server gave it; "" for ours and for those that came without."""
    image_url: Mapped[str] = mapped_column(String(2048), default="")
    storage_key: Mapped[str] = mapped_column(String(300), default="")
    static_key: Mapped[str] = mapped_column(String(300), default="")
    category: Mapped[str] = mapped_column(String(100), default="")
    in_picker: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    """When its picture was last changed, as its own server says."""

    @property
    def is_local(self) -> bool:
        """Whether it is ours."""
        return self.domain == ""

    @property
    def name(self) -> str:
        """What it is called among emoji of everywhere: `blobcat` here, `blobcat@there.example` elsewhere."""
        return self.shortcode if not self.domain else f"{self.shortcode}@{self.domain}"
