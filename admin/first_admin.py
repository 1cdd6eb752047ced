"""What `rookery up` prepares before it starts the processes: the database, and a way in for the first admin."""

import asyncio
from typing import Any

from admin.migrate import migrate
from node.auth.queries import has_admin
from node.auth.service import create_setup_link
from node.base.runtime import running
from node.base.settings import Settings


def setup_url(settings: Settings, secret: str) -> str:
    """Return the address of the page that makes the first admin."""
    return f"{settings.public_url}/setup?token={secret}"


async def make_setup_link(settings: Settings) -> str | None:
    """Return a fresh one-time link while there is no admin, else None."""
    async with running(settings) as runtime:
        async with runtime.read() as reader:
            if await has_admin(reader):
                return None
        async with runtime.write() as uow:
            return setup_url(settings, await create_setup_link(uow, now=runtime.now()))


def prepare(settings: Settings) -> dict[str, Any]:
    """Migrate and return what the operator should be told."""

    async def both() -> dict[str, Any]:
        migrated = await migrate(settings)
        return {"revision": migrated.after, "setup_link": await make_setup_link(settings)}

    return asyncio.run(both())
