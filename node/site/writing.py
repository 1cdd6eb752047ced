"""Use cases of what operators write about the node: rules and pages. Each change is in the moderation log."""

from datetime import datetime

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.moderation.service import log_decision
from node.site.models import SitePage, SiteRule
from node.site.queries import get_rule, list_rules
from node.site.rules import MAX_RULES, checked_page, checked_rule


async def add_rule(
    uow: UnitOfWork, text: str, *, hint: str = "", actor_id: int | None = None, now: datetime
) -> SiteRule:
    """Add a rule below the others. Raises Invalid."""
    text, hint = checked_rule(text, hint)
    rules = await list_rules(uow)
    if len(rules) >= MAX_RULES:
        raise Invalid(f"There can be {MAX_RULES} rules at most.")
    position = max((rule.position for rule in rules), default=0) + 1
    rule = SiteRule(id=new_id(), text=text, hint=hint, position=position, created_at=now)
    uow.add(rule)
    await uow.flush()
    await log_decision(uow, "rule.add", target_kind="rule", target=str(rule.id), actor_id=actor_id, now=now)
    return rule


async def change_rule(
    uow: UnitOfWork,
    rule_id: int,
    text: str,
    *,
    hint: str = "",
    position: int | None = None,
    actor_id: int | None = None,
    now: datetime,
) -> SiteRule:
    """Write a rule anew, or put it elsewhere. Raises Invalid, NotFound."""
    rule = await get_rule(uow, rule_id)
    rule.text, rule.hint = checked_rule(text, hint)
    if position is not None:
        rule.position = max(0, min(position, 10_000))
    await uow.flush()
    await log_decision(uow, "rule.change", target_kind="rule", target=str(rule.id), actor_id=actor_id, now=now)
    return rule


async def retire_rule(uow: UnitOfWork, rule_id: int, *, actor_id: int | None = None, now: datetime) -> None:
    """Take a rule off the list. Raises NotFound."""
    rule = await get_rule(uow, rule_id)
    await uow.write(update(SiteRule).where(SiteRule.id == rule.id).values(retired_at=now))
    await log_decision(uow, "rule.remove", target_kind="rule", target=str(rule.id), actor_id=actor_id, now=now)


async def write_page(uow: UnitOfWork, name: str, text: str, *, actor_id: int | None = None, now: datetime) -> None:
    """Write one of the longer texts; an empty one is taken away. Raises Invalid."""
    name, text = checked_page(name, text)
    if not text:
        await uow.write(delete(SitePage).where(SitePage.name == name))
    elif not await insert_if_absent(
        uow, SitePage, {"name": name, "text": text, "updated_at": now, "updated_by": actor_id}
    ):
        await uow.write(
            update(SitePage)
            .where(SitePage.name == name, SitePage.text != text)
            .values(text=text, updated_at=now, updated_by=actor_id)
        )
    await log_decision(uow, "page.write", target_kind="page", target=name, actor_id=actor_id, now=now)
