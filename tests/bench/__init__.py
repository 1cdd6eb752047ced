"""`make bench`: what the node costs, measured beside its budget. Prints figures, asserts nothing.

A synthetic node is filled through the database, started with `rookery up` as an operator would, and driven over
HTTP from this process. CPU milliseconds are summed over all processes of the node (and divided by the requests),
because on a shared machine they are steadier than times. Every run measures the machine itself too (RSA signing,
a bare Redis round trip), so that a slow day shows.
"""
