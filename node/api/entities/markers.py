"""Markers as types."""

from typing import NotRequired, TypedDict

from node.api.entities.values import Count, Id, Time


class Marker(TypedDict):
    """How far a timeline is read."""

    last_read_id: Id
    version: Count
    updated_at: Time


class Markers(TypedDict):
    """The markers that were asked for and are set."""

    home: NotRequired[Marker]
    notifications: NotRequired[Marker]
