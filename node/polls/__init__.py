"""Polls of posts, ours and remote: their options and counts, the votes cast from here, and those cast on ours.

A poll's id is its post's. This slice knows nothing of posts: who may see one is asked by whoever calls. `posts`
makes and shows polls, the doors and the inbox vote, the outbox tells (`outbox/effects/polls`).
"""
