"""One file an activity, two functions in each: `verify` checks, `receive` takes effect. `inbox.dispatch` calls them.

What several of them ask stands in `targets`. Nothing here opens a write transaction, fetches inside one, or
catches a verdict.
"""
