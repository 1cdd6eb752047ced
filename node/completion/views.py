"""A run in the shapes of Mastodon's API: the `AsyncRefresh` entity and the header that announces one."""

from typing import Any

from node.completion.asking import RETRY_SECONDS, Refresh


def async_refresh_view(refresh: Refresh) -> dict[str, Any]:
    """Return the answer of `GET /api/v1_alpha/async_refreshes/:id`."""
    status = "running" if refresh.is_running else "finished"
    return {"async_refresh": {"id": str(refresh.id), "status": status, "result_count": refresh.result_count}}


def async_refresh_header(refresh: Refresh | None) -> dict[str, str]:
    """Return the `Mastodon-Async-Refresh` header while a run goes on, else nothing."""
    if refresh is None or not refresh.is_running:
        return {}
    told = f'id="{refresh.id}", retry={RETRY_SECONDS}, result_count={refresh.result_count}'
    return {"Mastodon-Async-Refresh": told}
