"""The local stack: accounts, posts, follows, timelines and the doors people and apps come in by.

One slice a noun (`accounts`, `posts`, `follows` ...), the same file names in each: `models` (tables),
`rules` (pure), `queries` (every SELECT), `service` (use cases; they take a `UnitOfWork` and never commit),
`views` (JSON shapes). `base` is below all slices; `http`, `api` and `web` are above them.
Nothing here knows ActivityPub documents (those are `federation`) or who is told about a change (`outbox`).
"""
