"""What a call answers that failed, and one that has nothing to say (client-api behaviour 15)."""

from typing import NotRequired, TypedDict


class ErrorDetail(TypedDict):
    """What is wrong with one field of a sign-up."""

    error: str
    description: str


class Error(TypedDict):
    """What went wrong, in words for people. `details` comes with a refused sign-up only."""

    error: str
    error_description: NotRequired[str]
    details: NotRequired[dict[str, list[ErrorDetail]]]


class Empty(TypedDict):
    """Nothing, where there is nothing to say: `{}`."""
