"""How the processing of an activity ends, in one stable word each, kept in `ReceivedActivity.outcome`.

    done      took effect (or had taken effect before)
    ignored   well-formed and honest, but nothing of ours: no effect here
    refused   it claims what its signer may not claim, or cannot be read; the reason stands in `detail`
    retry     not now: something it needs is away or still to come; comes due again
    parked    failed too often; kept with its reason for the operator

Handlers return normally for `done` and raise for the rest; only `process` catches.
"""

from datetime import timedelta
from typing import Final

DONE: Final = "done"
IGNORED: Final = "ignored"
REFUSED: Final = "refused"
RETRY: Final = "retry"
PARKED: Final = "parked"


class Verdict(Exception):
    """Base of what a handler raises instead of having an effect; `reason` is short and stable."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Ignored(Verdict):
    """Nothing to do here."""


class Refused(Verdict):
    """Not the signer's to say, or not readable."""


class TryLater(Verdict):
    """Worth another look in `delay`; after `tries` looks it is ignored instead."""

    def __init__(self, reason: str, detail: str = "", *, delay: timedelta, tries: int) -> None:
        super().__init__(reason, detail)
        self.delay = delay
        self.tries = tries
