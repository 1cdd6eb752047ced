"""Which remote accounts are pulled: read from their outbox at intervals, and never fanned out here (architecture 5).

An account is pulled when its server reports very many followers, when very many people here follow it, or when an
operator says so. What that means for a home stands in `node/timelines`: what such an account posts is pushed to
nobody's list, however it came here, and merged in when a home is read. Reading the outbox is `node/completion/pulling`;
here stand the table, the rules and the choice, on a floor that timelines can ask.

How a switch loses nothing and doubles nothing (homes drop doubles by id):

* On: a read merges the account in as soon as `is_merged` is committed; pushes go on for `SETTLING` longer, until every
  process has heard of it.
* Off: pushes begin again at once and reads go on merging; after `SETTLING` the homes of its followers are forgotten, to
  be made anew with all its posts in them, and only then `is_merged` falls. That is a due row, so a killed process does
  not lose it.
"""
