"""The test suites of Mastodon.py and toot, run against a live node: `make conformance`.

Both clients publish their suites in their source archives. They are fetched from PyPI into `build/conformance`, with
a virtual environment of their own, and never become part of this repository. `stage` starts the node they expect,
`suites` fetches and runs them, and `left.toml` says of every test that does not pass why.
"""
