"""The kinds of text that entities are made of (client-api behaviours 9 and 10)."""

from typing import Annotated

from msgspec import Meta

Id = Annotated[str, Meta(pattern=r"^[0-9]{1,19}\Z", description="An id: digits, ordered by time", examples=["4711"])]
Time = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z",
        description="A moment: UTC, three digits of a second",
        examples=["2026-11-20T23:57:00.000Z"],
    ),
]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="A day", examples=["2026-11-20"])]
Url = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9+.-]*:", description="A whole address")]
Count = Annotated[int, Meta(ge=0)]
"""How many of something."""
