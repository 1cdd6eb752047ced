"""Which timelines have a marker. Pure."""

from typing import Final, Literal, get_args

Timeline = Literal["home", "notifications"]
TIMELINES: Final[tuple[Timeline, ...]] = get_args(Timeline)
