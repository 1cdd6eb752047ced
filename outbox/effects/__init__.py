"""What follows from events: `table` says which effects each kind has, one module a noun holds them.

What goes to other servers is sent through `outbox.address`; what stays here (notices, home timelines, files) is done
on the spot. Called by `outbox.relay`.
"""
