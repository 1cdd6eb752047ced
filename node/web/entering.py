"""From somebody known to a browser that is signed in: the only place where the pages open a session.

Called where a password was right (sign-in, sign-up, setup) and where the second step was taken.
"""

from typing import cast
from urllib.parse import quote

from quart import Response, redirect, request

from node.auth.factor_queries import has_second_factor
from node.auth.models import User
from node.auth.service import close_session, open_session
from node.auth.sessions import SESSION_LIFE
from node.auth.steps import STEP_LIFE, begin_step
from node.http.context import client_address, runtime
from node.web.visitors import drop_cookie, read_cookie, set_cookie

SECOND_STEP = "/auth/second"
NOT_APPROVED = "Your account waits for somebody to approve it. Try again later."
DISABLED = "A moderator has locked this account. Ask them why."
NOT_CONFIRMED = "Please open the link in the mail we sent you first: it confirms your address."


def refusal_of(user: User) -> str:
    """Return why somebody whom we know may not come in yet; "" who may."""
    if user.is_usable:
        return ""
    if user.disabled_at is not None:
        return DISABLED
    return NOT_APPROVED if user.approved_at is None else NOT_CONFIRMED


async def enter_by_password(account_id: int, path: str) -> Response:
    """Sign this browser in, or lead to the second step of whoever has one.

    For that step the browser is given a secret of this moment (`node/auth/steps.py`), and nothing else.
    """
    node = runtime()
    async with node.write() as uow:
        if not await has_second_factor(uow, account_id):
            step = None
        else:
            step = await begin_step(uow, "second", account_id=account_id, now=node.now())
    if step is None:
        return await enter(account_id, path)
    response = cast(Response, redirect(f"{SECOND_STEP}?return_to={quote(path, safe='/')}", 303))
    set_cookie(response, "step", step.secret, seconds=int(STEP_LIFE.total_seconds()))
    return response


async def enter(account_id: int, path: str) -> Response:
    """Sign this browser in with a fresh secret (row 95: never one that was there before) and go to `path`."""
    node = runtime()
    async with node.write() as uow:
        if read_cookie("session"):
            await close_session(uow, read_cookie("session"))
        secret = await open_session(
            uow,
            account_id,
            user_agent=request.headers.get("User-Agent", ""),
            address=client_address(),
            now=node.now(),
        )
    response = cast(Response, redirect(path, 303))
    set_cookie(response, "session", secret, seconds=int(SESSION_LIFE.total_seconds()))
    drop_cookie(response, "form")
    if read_cookie("step"):
        drop_cookie(response, "step")
    return response
