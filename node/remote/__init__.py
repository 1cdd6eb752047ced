"""Bringing the fediverse in: fetching remote actors and posts, resolving handles and URLs, filling threads.

Stands above accounts, follows and posts; used by `inbox` (whoever is mentioned by a delivery) and by the API
and pages (whoever is searched for). Everything goes through `Runtime.http` and is checked by `federation`.
"""
