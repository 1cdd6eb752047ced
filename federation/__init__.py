"""The protocol, pure: ActivityPub and what it stands on, over bytes, dicts and frozen dataclasses.

Here live the shapes of documents (`documents`, `parsing`, `writing`), who may say what (`origins`,
`signatures`, `keys`), and the one way out to other servers (`egress`, `client`, `discovery`).
No database, no Quart, no Redis, no job queue: nothing here remembers anything between two calls, apart from
parsed keys and open connections. Whatever is to be remembered (actors, keys, failures of a host) is
remembered by `inbox`, `outbox` and `node`, which call into this package and are never called by it.

    raw bytes --documents--> dict --parsing--> Activity, RemoteActor, RemotePost      what arrives
    ActorFacts, PostFacts --writing--> dict                                           what leaves
    egress guards client; discovery, and every other fetch of the program, goes through client

Two rules hold everywhere. A reader is tolerant about shape (GEN-1) and strict about origin: two URIs belong
together only when their parsed scheme, host and port are equal (`origins.same_origin`), never by a string
prefix. And an error says which check failed in a stable word (`FederationError.reason`) and in plain words
for the operator (`.detail`).
"""
