"""The node that the suites expect: `http://localhost:3000`, people, an app, and tokens of known value.

"admin" is whom Mastodon makes by itself. The ids, secrets and tokens written into the suite of Mastodon.py are made
before the node starts. toot makes its own people over the API, whose tokens must be good at once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import update

from admin.migrate import migrate
from federation.keys import generate_rsa_key
from node.accounts.models import Account
from node.auth.hashing import hash_secret
from node.auth.models import OAuthApp, User
from node.auth.service import create_token, create_user
from node.base.ids import new_id
from node.base.runtime import Runtime, running
from tests.chaos.real_nodes import RealNode

PORT: Final = 3000
CLIENT_ID: Final = "__MASTODON_PY_TEST_CLIENT_ID"
CLIENT_SECRET: Final = "__MASTODON_PY_TEST_CLIENT_SECRET"
TOKEN: Final = "__MASTODON_PY_TEST_ACCESS_TOKEN"
EVERY_SCOPE: Final = "read write follow push admin:read admin:write"
PEOPLE: Final = (
    ("admin", "admin@example.com", "admin", TOKEN + "_2", EVERY_SCOPE),
    ("admin2", "zerocool@example.com", "admin", "", ""),
    ("mastodonpy_test", "mastodonpy_test@example.com", "user", TOKEN, "read write follow push"),
    ("mastodonpy_test_2", "mastodonpy_test_2@example.com", "user", TOKEN + "_3", "read write follow push"),
)
"""Name, address, role, token, scopes."""
SETTINGS: Final = {"registrations": "open", "max_post_length": "500", "log_level": "warning"}


@asynccontextmanager
async def live_node(folder: Path) -> AsyncIterator[RealNode]:
    """Run the node while the suites use it."""
    node = RealNode(folder, "node", port=PORT, public_url=f"http://localhost:{PORT}", changes=SETTINGS)
    await migrate(node.settings)
    async with running(node.settings) as runtime:
        await _people(runtime)
    node.launch()
    try:
        await node.ready()
        yield node
    finally:
        await node.http.aclose()
        node.close()


async def _people(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        app = OAuthApp(
            id=new_id(),
            name="Mastodon.py test suite",
            client_id=CLIENT_ID,
            client_secret_hash=hash_secret(CLIENT_SECRET),
            redirect_uris=["urn:ietf:wg:oauth:2.0:oob"],
            scopes=EVERY_SCOPE,
            created_at=now,
        )
        uow.add(app)
        await uow.flush()
        for name, address, role, token, scopes in PEOPLE:
            user = await create_user(
                uow, runtime.settings, username=name, email=address, password="5fc638e0e53eafd9c4145b6bb852667d",
                now=now, key_pair=generate_rsa_key(),
            )  # fmt: skip
            if token:
                await create_token(uow, user.account_id, scopes, value=token, app_id=app.id, now=now)
            await uow.execute(update(User).where(User.account_id == user.account_id).values(role=role))
            if role == "user":
                await uow.execute(
                    update(Account)
                    .where(Account.id == user.account_id)
                    .values(locked=name == "mastodonpy_test", discoverable=True, indexable=True)
                )
