"""Starter packs: named sets of accounts that somebody put together, to be followed at once by who is new.

Anybody may make some, the node itself too (`rookery pack`, `/admin/discovery`); operators choose which of them new
people are shown. A pack is a set of pointers and gives nothing away: who is in it is asked each time it is read, so
whoever does not want to be found any more, left, was suspended, or blocks its maker is not in it (attack row 106).
Following what is in a pack is the person's own doing, account by account, inside the limits of follows.
"""
