"""Alembic's home: `env.py` runs the revisions in `versions/`, `script.py.mako` is the form of a new one.

`admin/migrate.py` is the only caller; it hands over an open connection and the metadata.
"""
