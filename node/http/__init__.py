"""What every door shares: who is asking, what they sent, pages, limits, errors, headers.

`edge` wraps the whole application (proxies, request ids, CORS, headers, the access line); the rest is called by
the handlers of `node/api` and `node/web`. Nothing here knows a noun of the product; nothing here opens a
database except `principals`, which asks `node/auth` whose token it is.
"""
