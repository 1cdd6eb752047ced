"""Whom the people we follow follow in public: read from their own servers, to have somebody to suggest.

A light list of names, not of follows: `Follow` holds only what concerns somebody here. A row names its followee by
URI, and by account once that is known here. Filled by `node/completion/followings`; read by `node/suggestions`.
"""
