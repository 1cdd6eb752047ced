"""The web pages people read and write with: server-rendered HTML that works whole without JavaScript.

Here: one blueprint a noun (`posts.py`, `accounts.py`, ...), the form parsers (`forms.py`), the Jinja
environment (`rendering.py`, `words.py`, `markup.py`) and the files the browser asks for (`static/`). Not
here: any rule about who may do or see what (services and queries decide), any SELECT, any JSON for apps.
The pages are drawn from the same Mastodon-shaped dicts the API answers with: the two doors cannot disagree.
"""

from quart import Blueprint


def blueprints() -> list[Blueprint]:
    """Return the doors of the pages, for the application factory."""
    from node.web import (
        about,
        accounts,
        announcements,
        apps,
        auth,
        authorising,
        compose,
        directory,
        drafts,
        filters,
        follow_requests,
        hashtags,
        leaving,
        lists,
        mailed_links,
        messages,
        moving,
        notification_settings,
        notifications,
        polls,
        posting_settings,
        posts,
        quotes,
        reactions,
        regards,
        reports,
        search,
        second_factors,
        second_step,
        security,
        servers,
        settings,
        setup,
        static_files,
        timelines,
        uploads,
    )

    return [
        static_files.blueprint,
        timelines.blueprint,
        lists.blueprint,
        hashtags.blueprint,
        filters.blueprint,
        posts.blueprint,
        uploads.blueprint,
        compose.blueprint,
        drafts.blueprint,
        quotes.blueprint,
        polls.blueprint,
        reactions.blueprint,
        accounts.blueprint,
        regards.blueprint,
        messages.blueprint,
        announcements.blueprint,
        directory.blueprint,
        reports.blueprint,
        follow_requests.blueprint,
        notifications.blueprint,
        notification_settings.blueprint,
        search.blueprint,
        auth.blueprint,
        mailed_links.blueprint,
        authorising.blueprint,
        second_step.blueprint,
        settings.blueprint,
        posting_settings.blueprint,
        security.blueprint,
        second_factors.blueprint,
        apps.blueprint,
        leaving.blueprint,
        moving.blueprint,
        servers.blueprint,
        setup.blueprint,
        about.blueprint,
    ]
