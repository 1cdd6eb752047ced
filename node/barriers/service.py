"""Use cases of barriers: put one up, change it, take it down. That a decision is written down is the caller's."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from federation.errors import MalformedDocument
from federation.origins import normalise_domain
from node.barriers.models import EmailBlock, EmailDomainBlock, NetworkBlock
from node.barriers.queries import Row, find_email_block, get_row, is_email_barred, list_network_rules
from node.barriers.rules import MAX_COMMENT, SEVERITIES, checked_hash, checked_network, email_hash, hardest
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Forbidden, Invalid
from node.base.ids import new_id

LONGEST = timedelta(days=3_650)


async def block_email_domain(uow: UnitOfWork, domain: str, *, now: datetime) -> EmailDomainBlock:
    """Let nobody sign up with an address of a domain and its subdomains. Raises Invalid."""
    try:
        normal = normalise_domain(domain.strip().rstrip(".").lower())
    except MalformedDocument:
        raise Invalid(fields={"domain": ["Domain is not a valid domain name"]}) from None
    id_ = new_id()
    if not await insert_if_absent(uow, EmailDomainBlock, {"id": id_, "domain": normal, "created_at": now}):
        raise Invalid(fields={"domain": ["Domain has already been taken"]})
    return await get_row(uow, EmailDomainBlock, id_)


async def block_email(uow: UnitOfWork, *, email: str = "", hash_: str = "", now: datetime) -> EmailBlock:
    """Let nobody sign up with a mailbox, given itself or as its hash. Raises Invalid."""
    if not email.strip() and not hash_.strip():
        raise Invalid(fields={"canonical_email_hash": ["Canonical email hash can't be blank"]})
    stored = email_hash(email) if email.strip() else checked_hash(hash_)
    if not await insert_if_absent(uow, EmailBlock, {"id": new_id(), "email_hash": stored, "created_at": now}):
        raise Invalid(fields={"canonical_email_hash": ["Canonical email hash has already been taken"]})
    found = await find_email_block(uow, stored)
    assert found is not None
    return found


async def block_network(
    uow: UnitOfWork, network: str, severity: str, *, comment: str = "", expires_in: int | None = None, now: datetime
) -> NetworkBlock:
    """Block a network, for good or for some seconds. Raises Invalid."""
    row = NetworkBlock(id=new_id(), network=checked_network(network), severity=severity, created_at=now)
    _set(row, severity, comment, expires_in, now)
    values = {name: getattr(row, name) for name in ("id", "network", "severity", "comment", "expires_at", "created_at")}
    if not await insert_if_absent(uow, NetworkBlock, values):
        raise Invalid(fields={"ip": ["Ip has already been taken"]})
    return await get_row(uow, NetworkBlock, values["id"])


async def change_network_block(
    uow: UnitOfWork,
    id_: int,
    *,
    severity: str | None = None,
    comment: str | None = None,
    expires_in: int | None = None,
    now: datetime,
) -> NetworkBlock:
    """Change what is done with a network; None leaves a part as it is. Raises NotFound, Invalid."""
    row = await get_row(uow, NetworkBlock, id_)
    kept = row.expires_at
    _set(row, severity or row.severity, row.comment if comment is None else comment, expires_in, now)
    if expires_in is None:
        row.expires_at = kept
    uow.add(row)
    await uow.flush()
    return row


async def take_down(uow: UnitOfWork, table: type[Row], id_: int) -> Row:
    """Remove a barrier and return what it was. Raises NotFound."""
    row = await get_row(uow, table, id_)
    await uow.write(delete(table).where(table.id == id_).execution_options(synchronize_session=False))
    return row


async def check_sign_up(reader: Reader, *, email: str, address: str, now: datetime) -> bool:
    """Return whether a sign-up from `address` ("" when unknown) has to be approved, whatever the node asks of others.

    Raises Forbidden for a network that may not sign up, Invalid for an address that may not: in the same words as for
    one that is taken, so that nothing is told of either (attack row 99).
    """
    severity = hardest(await list_network_rules(reader, now), address) if address else ""
    if severity in ("sign_up_block", "no_access"):
        raise Forbidden("Nobody can sign up from your network")
    if await is_email_barred(reader, email):
        raise Invalid(fields={"email": ["cannot be used here"]})
    return severity == "sign_up_requires_approval"


def _set(row: NetworkBlock, severity: str, comment: str, expires_in: int | None, now: datetime) -> None:
    if severity not in SEVERITIES:
        raise Invalid(fields={"severity": [f"Severity must be one of: {', '.join(SEVERITIES)}"]})
    if len(comment) > MAX_COMMENT:
        raise Invalid(fields={"comment": [f"Comment is too long (at most {MAX_COMMENT} characters)"]})
    if expires_in is not None and not 0 < expires_in <= LONGEST.total_seconds():
        raise Invalid(fields={"expires_in": ["Expires in must be seconds, at most ten years"]})
    row.severity, row.comment = severity, comment.strip()
    row.expires_at = None if expires_in is None else now + timedelta(seconds=expires_in)
