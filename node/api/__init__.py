"""The REST door for apps: Mastodon's paths and shapes, one blueprint file a noun.

A route reads parameters, opens the read view or the unit of work, calls a service or query, and answers with a
view. It decides nothing and builds no error. What is not built answers 404 by the router. `blueprints()` is what
`admin/serve.py` hands to `create_app`.
"""

from quart import Blueprint


def blueprints() -> list[Blueprint]:
    """Return the blueprints of the API."""
    from node.api import (
        accounts,
        announcements,
        apps,
        async_refreshes,
        blocks,
        bookmarks,
        boosts,
        conversations,
        credentials,
        directory,
        domain_blocks,
        drafts,
        favourites,
        featured_tags,
        filters,
        follow_requests,
        follows,
        instance,
        instance_details,
        kept,
        lists,
        markers,
        media,
        notifications,
        oauth,
        pins,
        polls,
        preferences,
        quotes,
        reactions,
        reports,
        scheduled_statuses,
        search,
        statuses,
        tags,
        thread_mutes,
        threads,
        timelines,
    )

    modules = (
        accounts,
        announcements,
        apps,
        async_refreshes,
        blocks,
        bookmarks,
        boosts,
        conversations,
        credentials,
        directory,
        domain_blocks,
        drafts,
        favourites,
        featured_tags,
        filters,
        follow_requests,
        follows,
        instance,
        instance_details,
        kept,
        lists,
        markers,
        media,
        notifications,
        oauth,
        pins,
        polls,
        preferences,
        quotes,
        reactions,
        reports,
        scheduled_statuses,
        search,
        statuses,
        tags,
        thread_mutes,
        threads,
        timelines,
    )
    return [module.blueprint for module in modules]
