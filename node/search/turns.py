"""Waiting for the turn to index: both engines ask a lock that gives no sign when it is free. What the turn is for is
said in `engines.Engine`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

TURN_SECONDS: Final = 1.5
"""How long one who indexes waits for its turn. A rebuild by hand has it most of the time, never for long."""
LOOK_SECONDS: Final = 0.03


async def wait_for_turn(take: Callable[[], Awaitable[bool]]) -> bool:
    """Try to take a lock until it is taken, or until `TURN_SECONDS` are over."""
    until = time.monotonic() + TURN_SECONDS
    while not (is_ours := await take()):
        if time.monotonic() >= until:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return is_ours
