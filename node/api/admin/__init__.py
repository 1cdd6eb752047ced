"""The moderators' part of Mastodon's API: accounts, reports, domains, who may not sign up, trends.

The scopes `admin:...` ask for the role too. Each decision is written into the moderation log, as on the pages.
"""

from quart import Blueprint


def blueprints() -> list[Blueprint]:
    """Return the blueprints of the moderators' API."""
    from node.api.admin import accounts, domains, emails, networks, reports, tags, trends

    return [module.blueprint for module in (accounts, domains, emails, networks, reports, tags, trends)]
