"""Counters on rows that many people change at once: likes of a post, followers of an account.

A counter is a column of the row it counts for, so that a page of posts is one query. On PostgreSQL that makes a post
that goes round a row for which every like queues until the transaction before it has committed. So nobody waits here:
whoever finds the row free counts at once, and whoever finds it taken leaves a note (`CountNote`) in the same
transaction as what is counted. The COUNTS lane takes all notes of a row together and adds them up in one UPDATE, in
the transaction that deletes them; the sweep sees to it within a second or so. A kill at any moment so loses nothing
and counts nothing twice, and a count that is read is late by a second at most, and only while there is a rush. SQLite
has one writer, to whom no row is ever taken: there are no notes there.

A counter never falls below zero. What would take it there is left as a note too: what it takes back may itself be one.
`node/posts/recounting.py` counts anew from the rows, whatever went wrong before.
"""
