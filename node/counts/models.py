"""Changes of counters that wait to be added up."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class CountNote(Base):
    """A counter of a row that was taken moves by `step`. `place` is the table, `counter` the column."""

    __tablename__ = "count_notes"
    __table_args__ = (Index("ix_count_notes_row", "place", "row_id", "counter"),)

    id: Mapped[Id]
    place: Mapped[str] = mapped_column(String(32))
    row_id: Mapped[BigInt]
    counter: Mapped[str] = mapped_column(String(32))
    step: Mapped[int]
