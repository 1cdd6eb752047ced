"""`make bench`: what the node costs, measured beside its budget. Prints figures, asserts nothing of them.

A synthetic node (`filling`) is started with `rookery up` as an operator would (`stage`) and driven over HTTP from a
process of its own (`load`). CPU milliseconds are summed over all processes of the node and divided by the requests:
on a shared machine they are steadier than times. What the machine itself can do (RSA, Redis, a server that does
nothing) is measured in the same run, so that a slow day shows. A run with a tenth of the data says what grows.

Each `*_rows.py` holds the measures of one part; `measures` lists them.
"""
