"""What arrives: receiving signed deliveries, storing each as a row, processing rows through a dispatch table.

`routes` are the doors, `receive` the order of checks, `verify` signatures and keys, `process` the drain,
`dispatch` the table, `handlers/` one file an activity; `remote` brings unknown actors and posts in.
"""
