"""The operator's pages under /admin: is the node well, who is here, which servers are blocked.

For people with the role admin or moderator; everybody else is refused by the guard of the web pages, which these
share (session, form token, frame). What a button does is a service call of `node/moderation` or `node/accounts`.
"""

from quart import Blueprint

from admin.pages import (
    accounts,
    announcements,
    barriers,
    discovery,
    domains,
    log,
    overview,
    pulls,
    reports,
    site,
    trends,
)

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
for part in (overview, reports, accounts, announcements, discovery, site, trends, domains, pulls, barriers, log):
    blueprint.register_blueprint(part.blueprint)
