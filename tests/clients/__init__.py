"""Real clients drive a live node: Mastodon.py and toot from PyPI, masto.js from npm.

A client is the test's hands: what is asserted is what the node then shows to somebody else. Their own suites are run
by `make conformance`.
"""
