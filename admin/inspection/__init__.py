"""The steps of `rookery inspect`, by what they look at; `admin/inspect.py` puts them in order.

`inquiry` what is passed from step to step, `reach` names, addresses and connections, `identity` documents and keys,
`signing` both directions of signatures, `standing` what this node knows and does, `ourselves` our own outside.
"""
