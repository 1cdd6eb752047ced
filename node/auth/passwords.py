"""Passwords: hashing and checking with argon2id, in a thread. Nothing here reads or writes rows.

The parameters (19 MiB, two passes) are those that OWASP names for servers with little memory: at most
`AT_ONCE` of them run in a process at a time, so a burst of sign-ins cannot eat a small machine.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")


@cache
def _dummy_hash() -> str:
    return _HASHER.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """Return the hash to store. Takes about 20 ms: never call it while a write transaction is open."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _HASHER.hash, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is the one behind `stored`. For None it takes as long and says no (attack row 99)."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _verify, stored, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        _HASHER.verify(stored or _dummy_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
