"""Moments: posts put together under a title, to be read as one, by a person or by the node itself out of a trend.

A moment holds pointers, never copies. What it shows is asked each time it is read: public posts, not for this server
alone, of people who want to be found (`discoverable`) and are not silenced, that do not forbid being passed on
(OBJ-16, `announce`), with no block between author and curator; the curator's own public posts always. So whatever is
deleted, made private, or regretted drops out at once (attack row 106), and comes back when it is open again. An author
can take a post of theirs out of a moment for good. Whether a post may be quoted is not asked: a moment shows the post
itself, under its author's name, as a boost does.

Moments are not federated: other servers see links to their pages.
"""
