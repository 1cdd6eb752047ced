"""Timelines: home (pushed lists in Redis, SQL beyond and without them), local, federated, hashtag, account."""
