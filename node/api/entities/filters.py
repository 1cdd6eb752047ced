"""Filters as types, and what they found in a post."""

from typing import Literal, TypedDict

from node.api.entities.values import Id, Time

FilterContext = Literal["home", "notifications", "public", "thread", "account"]


class FilterKeyword(TypedDict):
    """A word that a filter looks for."""

    id: Id
    keyword: str
    whole_word: bool


class FilterStatus(TypedDict):
    """A post that a filter names."""

    id: Id
    status_id: Id


class Filter(TypedDict):
    """A filter (version 2)."""

    id: Id
    title: str
    context: list[FilterContext]
    expires_at: Time | None
    filter_action: Literal["warn", "hide", "blur"]
    keywords: list[FilterKeyword]
    statuses: list[FilterStatus]


class NamedFilter(TypedDict):
    """A filter without its words, as a post that it concerns names it."""

    id: Id
    title: str
    context: list[FilterContext]
    expires_at: Time | None
    filter_action: Literal["warn", "hide", "blur"]


class FilterResult(TypedDict):
    """Why a filter concerns a post."""

    filter: NamedFilter
    keyword_matches: list[str] | None
    status_matches: list[Id] | None


class FilterV1(TypedDict):
    """A filter in the old shape: one word."""

    id: Id
    phrase: str
    context: list[FilterContext]
    whole_word: bool
    expires_at: Time | None
    irreversible: bool
