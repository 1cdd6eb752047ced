"""What sites that embed a post are told, as a type (oEmbed 1.0)."""

from typing import Literal, TypedDict

from node.api.entities.values import Url


class OEmbed(TypedDict):
    """A post as it may stand on another site: `html` is a plain quotation, with no script and no frame."""

    type: Literal["rich"]
    version: Literal["1.0"]
    title: str
    author_name: str
    author_url: Url
    provider_name: str
    provider_url: Url
    cache_age: int
    html: str
    width: int
    height: int | None
