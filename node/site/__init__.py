"""What the node says about itself: its name, its limits, how many people and posts it has.

`queries` counts, `service` keeps the counts for a minute, `views` gives them Mastodon's shapes. NodeInfo
(`outbox/well_known.py`) and the pages read the same facts.
"""
