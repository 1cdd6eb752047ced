"""/admin/accounts: find somebody; approve, suspend, lift."""

from quart import Blueprint, request

from node.accounts.views import account_view
from node.http.context import runtime
from node.moderation.account_queries import AccountFilter, AccountRow, list_moderated
from node.moderation.service import moderate_account, moderate_second_step
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/accounts"
WHERE = ("all", "local", "remote", "pending", "suspended", "silenced", "disabled")
ROWS = 40

blueprint = Blueprint("accounts", __name__)
blueprint.record_once(install)


@blueprint.get("/accounts")
@staff_only("admin", "moderator")
async def accounts(visitor: Visitor) -> Answer:
    """Find accounts by name, handle or e-mail."""
    query = request.args.get("q", "").replace("\x00", "")[:200]
    where = request.args.get("where", "all")
    where = where if where in WHERE else "all"
    page = page_asked(ROWS)
    node = runtime()
    async with node.read() as reader:
        rows = await list_moderated(reader, page, _filter(query, where))
    return await show(
        "admin/accounts.html",
        visitor,
        admin_place="accounts",
        query=query,
        where=where,
        rows=[_row_view(row) for row in rows],
        may_disable=visitor.role == "admin",
        return_to=request.full_path.rstrip("?"),
        **links(page, [row.account.id for row in rows]),
    )


def _filter(query: str, where: str) -> AccountFilter:
    origin = where if where in ("local", "remote") else ""
    return AccountFilter(text=query, origin=origin, state="" if origin or where == "all" else where)


def _row_view(row: AccountRow) -> dict[str, object]:
    user = row.user
    return {
        "account": account_view(row.account, settings=runtime().settings),
        "email": user.email if user else None,
        "role": user.role if user else None,
        "state": row.state,
        "has_second_step": row.has_second_step,
        "created_at": row.account.created_at,
        "seen_at": user.last_active_at if user else row.account.fetched_at,
    }


@blueprint.post("/accounts/<id:account_id>/suspend")
@staff_only("admin", "moderator")
async def suspend(visitor: Visitor, account_id: int) -> Answer:
    """Suspend somebody. Refused for oneself and for those whom the role does not reach (attack row 91)."""
    changed = await _moderate(visitor, account_id, "suspend")
    tell("The account is suspended." if changed else "It was suspended already.")
    return await back(PLACE)


@blueprint.post("/accounts/<id:account_id>/unsuspend")
@staff_only("admin", "moderator")
async def unsuspend(visitor: Visitor, account_id: int) -> Answer:
    """Lift a suspension."""
    changed = await _moderate(visitor, account_id, "unsuspend")
    tell("The suspension is lifted." if changed else "It was not suspended.")
    return await back(PLACE)


@blueprint.post("/accounts/<id:account_id>/<any(silence, unsilence):action>")
@staff_only("admin", "moderator")
async def limit(visitor: Visitor, account_id: int, action: str) -> Answer:
    """Keep what somebody says from people who did not ask for it, or end that."""
    await _moderate(visitor, account_id, action)
    tell("The account is limited." if action == "silence" else "The limit is lifted.")
    return await back(PLACE)


@blueprint.post("/accounts/<id:account_id>/<any(disable, enable):action>")
@staff_only("admin", "moderator")
async def lock(visitor: Visitor, account_id: int, action: str) -> Answer:
    """Let the person in no more, or again."""
    await _moderate(visitor, account_id, action)
    tell("The account is locked." if action == "disable" else "The account is unlocked.")
    return await back(PLACE)


@blueprint.post("/accounts/<id:account_id>/disable_2fa")
@staff_only("admin")
async def disable_second_step(visitor: Visitor, account_id: int) -> Answer:
    """Let somebody who lost phone, passkeys and recovery codes in by the password alone; ends all their sessions."""
    node = runtime()
    async with node.write() as uow:
        changed = await moderate_second_step(
            uow, node.settings, account_id, actor_id=visitor.account_id, now=node.now()
        )
    tell("Two-step sign-in is off, and everything of theirs is signed out." if changed else "There was none.")
    return await back(PLACE)


@blueprint.post("/accounts/<id:account_id>/approve")
@staff_only("admin", "moderator")
async def approve(visitor: Visitor, account_id: int) -> Answer:
    """Let in somebody who waits for approval."""
    changed = await _moderate(visitor, account_id, "approve")
    tell("The account is approved." if changed else "Nobody was waiting under that name.")
    return await back(PLACE)


async def _moderate(visitor: Visitor, account_id: int, action: str) -> bool:
    node = runtime()
    async with node.write() as uow:
        return await moderate_account(uow, account_id, action, actor_id=visitor.account_id, now=node.now())
