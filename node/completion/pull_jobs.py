"""The PULL lane: turns of pulled accounts, side by side, a few at a time from one host.

A turn that is cut off by the end of its worker comes back when its lease is over. Hosts that are slow or dead hold up
nobody: each has its own two places, and rests after some failures (`node/pulls/budgets`).
"""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final

import structlog

from federation.gates import HostGate
from federation.origins import host_of
from node.accounts.queries import list_accounts
from node.base.db.claims import claim_due
from node.base.errors import Unavailable
from node.base.lanes import PULL
from node.base.runtime import Runtime
from node.base.work import drain
from node.completion.pulling import give_up, pull_account
from node.pulls.models import PulledAccount
from node.pulls.queries import has_due_pulls, list_followed_by_present, list_pulls
from node.pulls.rules import AROUND

SECONDS: Final = 120
BATCH: Final = 24
AT_ONCE: Final = 8
PER_HOST: Final = 2
MAX_ATTEMPTS: Final = 4

_WORK_SECONDS: Final = 30.0
_TURN_SECONDS: Final = 60.0
_LEASE: Final = timedelta(minutes=5)
_MERGED: Final = (PulledAccount.is_merged.is_(True),)
_LONGEST_DUE: Final = (PulledAccount.due_at.asc(),)

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any account's turn has come."""
    async with runtime.read() as reader:
        return await has_due_pulls(reader, now)


@drain(PULL, seconds=SECONDS, is_due=is_due, patient=True)
async def pull_due(runtime: Runtime) -> bool:
    """Take due turns; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        now = runtime.now()
        async with runtime.write() as uow:
            ids = await claim_due(
                uow,
                PulledAccount,
                now=now,
                lease=_LEASE,
                limit=BATCH,
                where=_MERGED,
                order_by=_LONGEST_DUE,
            )
        if not ids:
            return False
        async with runtime.read() as reader:
            rows = await list_pulls(reader, ids)
            owners = await list_accounts(reader, {row.account_id for row in rows})
            around = await list_followed_by_present(reader, owners.keys(), since=now - AROUND)
        hosts, turns = HostGate(PER_HOST), asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(
            *(
                _in_turn(runtime, row, hosts, turns, owners[row.account_id].uri, row.account_id in around)
                for row in rows
                if row.account_id in owners
            )
        )
    return True


async def _in_turn(
    runtime: Runtime, row: PulledAccount, hosts: HostGate, turns: asyncio.Semaphore, uri: str, is_anybody_around: bool
) -> None:
    async with hosts.turn(host_of(uri)), turns:
        try:
            if row.is_on and row.attempts > MAX_ATTEMPTS:  # the end of a switch is tried until Redis is back
                await give_up(runtime, row, detail="its turns never came to an end")
                return
            async with asyncio.timeout(_TURN_SECONDS):
                await pull_account(runtime, row, is_anybody_around=is_anybody_around)
        except Unavailable:
            return  # database or Redis is away for a moment; the lease brings it back
        except TimeoutError:
            await give_up(runtime, row, detail="took too long")
        except Exception as error:  # an outbox that trips us must not come back for ever (row 114)
            log.exception("pull_failed", account=row.account_id)
            await give_up(runtime, row, detail=type(error).__name__)
