"""Runs that bring in what other servers have, as types."""

from typing import Literal, TypedDict

from node.api.entities.values import Count, Id


class Run(TypedDict):
    """How a run stands."""

    id: Id
    status: Literal["running", "finished"]
    result_count: Count | None


class AsyncRefresh(TypedDict):
    """A run that a `Mastodon-Async-Refresh` header named."""

    async_refresh: Run
