"""The entities of Mastodon's API as types, one file a noun: what `answers` says and the OpenAPI document describes.

Only shapes: the views in the slices make them (`node/posts/views.py` makes a Status). A key that strict apps need is
required here, one that comes only at times is NotRequired, one that may be null says so (client-api behaviours 9 to
12); the tests hold every answer of every route against its type.
"""
