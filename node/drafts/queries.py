"""Every SELECT over drafts."""

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.drafts.models import KeptDraft


async def get_own_draft(reader: Reader, draft_id: int, account_id: int) -> KeptDraft:
    """Return a draft of this person. Raises NotFound (attack row 89)."""
    found: KeptDraft | None = await reader.scalar(
        select(KeptDraft).where(KeptDraft.id == draft_id, KeptDraft.account_id == account_id)
    )
    if found is None:
        raise NotFound()
    return found


async def list_drafts(reader: Reader, account_id: int, page: Page) -> list[KeptDraft]:
    """Return a page of somebody's drafts, the newest first."""
    statement = select(KeptDraft).where(KeptDraft.account_id == account_id)
    rows = list(await reader.scalars(page.apply(statement, KeptDraft.id.expression)))
    return page.newest_first(rows)


async def count_drafts(reader: Reader, account_id: int) -> int:
    """Return how many drafts somebody keeps."""
    statement = select(func.count()).select_from(KeptDraft).where(KeptDraft.account_id == account_id)
    return int(await reader.scalar(statement) or 0)
