"""Custom emoji and reactions as types."""

from typing import NotRequired, TypedDict

from node.api.entities.values import Count, Url


class CustomEmoji(TypedDict):
    """A picture that stands for `:shortcode:` in a text."""

    shortcode: str
    url: Url
    static_url: Url
    visible_in_picker: bool
    category: NotRequired[str]


class Reaction(TypedDict):
    """An emoji that people gave to a post or announcement. `url` is null for an emoji of Unicode."""

    name: str
    count: Count
    url: Url | None
    static_url: Url | None
    me: NotRequired[bool]
