"""Uploads and what posts carry of them, as types."""

from typing import Literal, NotRequired, TypedDict

from node.api.entities.values import Id, Url


class MediaSize(TypedDict):
    """How large one form of a picture, film or sound is. Lengths are in seconds."""

    width: NotRequired[int]
    height: NotRequired[int]
    size: NotRequired[str]
    aspect: NotRequired[float]
    frame_rate: NotRequired[str]
    duration: NotRequired[float]
    bitrate: NotRequired[int]


class MediaFocus(TypedDict):
    """The point that stays in sight when a picture is cut: from -1 to 1, the middle is 0."""

    x: float
    y: float


class MediaMeta(TypedDict):
    """What is known of a file. What stands beside `original` is of films and sounds."""

    length: NotRequired[str]
    duration: NotRequired[float]
    fps: NotRequired[int]
    size: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    aspect: NotRequired[float]
    audio_encode: NotRequired[str]
    audio_bitrate: NotRequired[str]
    audio_channels: NotRequired[str]
    original: NotRequired[MediaSize]
    small: NotRequired[MediaSize]
    focus: NotRequired[MediaFocus]


class MediaAttachment(TypedDict):
    """A picture, film, sound or other file. `url` is null while it is worked on."""

    id: Id
    type: Literal["unknown", "image", "gifv", "video", "audio"]
    url: Url | None
    preview_url: Url | None
    remote_url: Url | None
    preview_remote_url: Url | None
    text_url: str | None
    meta: MediaMeta
    description: str | None
    blurhash: str | None
