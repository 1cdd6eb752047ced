"""Everything that follows a commit, and the ActivityPub outbox: both meanings of the word at once.

`relay` drains committed events and applies `effects` (home timelines, notifications, addressing); `address`
turns an event into one activity and one delivery row per inbox; `deliver` sends them, with `peers` as its
memory of other hosts. `faces` and `well_known` answer when others ask for our actors, posts and collections.
"""
