"""What arrives: receiving signed deliveries, storing each as a row, processing rows through a dispatch table.

`routes` are the doors, `receive` the order of checks, `process` the drain, `dispatch` the table, `handlers/` one
file an activity. Who signed is found by `node.remote.signers`; `node.remote` brings unknown actors and posts in.
"""
