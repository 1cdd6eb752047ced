"""The operator's floor: the `rookery` command, process assembly, health and the admin pages.

Here: `cli.py` and `commands/` (verbs), `supervisor.py` (`rookery up`), `serve.py`, `worker.py` and `scheduler.py`
(the three kinds of process), `migrate.py`, `doctor.py`, `health.py` (/livez, /readyz, /metrics), `pages/`
(/admin). Not here: any rule about people and posts; every action calls a service of `node`. Nothing imports
this package: it stands on top.
"""
