"""Use cases: begin a run, unless one goes on or one has just ended; move it on; end it.

The unique key (kind, subject) makes a run single, whoever asks in whichever process. Who may ask is decided by the
doors (`asking`); what a run does stands in `outboxes` and `threads`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.lanes import FILL
from node.base.runtime import Runtime
from node.completion.models import Completion
from node.completion.queries import find_completion
from node.completion.rules import ACCOUNT
from node.posts.models import Post


async def begin(
    uow: UnitOfWork, runtime: Runtime, kind: str, subject_id: int, *, progress: dict[str, Any], ended_by: datetime
) -> bool:
    """Begin a run with `progress` to go by, unless one is under way or one ended after `ended_by`; say whether."""
    now = runtime.now()
    fresh = {"started_at": now, "due_at": now, "attempts": 0, "result_count": 0, "progress": progress, "detail": ""}
    values = {"id": new_id(), "kind": kind, "subject_id": subject_id, **fresh}
    is_new = await insert_if_absent(uow, Completion, values)
    if not is_new:
        is_new = bool(
            await uow.write(
                update(Completion)
                .where(
                    Completion.kind == kind,
                    Completion.subject_id == subject_id,
                    Completion.finished_at.is_not(None),
                    Completion.finished_at <= ended_by,
                )
                .values(finished_at=None, **fresh)
                .execution_options(synchronize_session="fetch")
            )
        )
    if is_new:
        uow.after_commit(lambda: runtime.nudge(FILL))
    return is_new


async def begin_newest(uow: UnitOfWork, runtime: Runtime, account_id: int, *, ended_by: datetime) -> bool:
    """Begin to read an account's outbox from its top; where its older part goes on is kept."""
    row = await find_completion(uow, ACCOUNT, account_id)
    kept = {} if row is None else row.progress
    return await begin(uow, runtime, ACCOUNT, account_id, progress={**kept, "task": "newest"}, ended_by=ended_by)


async def mark_checked(uow: UnitOfWork, post_id: int, *, now: datetime) -> None:
    """Note that the replies of a post were asked for."""
    await uow.write(
        update(Post)
        .where(Post.id == post_id)
        .values(thread_checked_at=now)
        .execution_options(synchronize_session="fetch")
    )


async def count_result(uow: UnitOfWork, completion_id: int) -> None:
    """Count a post that a run brought in."""
    await uow.write(
        update(Completion)
        .where(Completion.id == completion_id)
        .values(result_count=Completion.result_count + 1)
        .execution_options(synchronize_session=False)
    )


async def save(
    uow: UnitOfWork, completion_id: int, progress: dict[str, Any], *, due_at: datetime | None = None
) -> None:
    """Write down where a run stands; with `due_at` it ends this turn in good order and goes on then."""
    values: dict[str, Any] = {"progress": progress}
    if due_at is not None:
        values |= {"due_at": due_at, "attempts": 0}
    await uow.write(
        update(Completion)
        .where(Completion.id == completion_id, Completion.finished_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def finish(
    uow: UnitOfWork, completion_id: int, *, now: datetime, progress: dict[str, Any] | None = None, detail: str = ""
) -> None:
    """End a run."""
    values: dict[str, Any] = {"finished_at": now, "detail": detail[:1000]}
    if progress is not None:
        values["progress"] = progress
    await uow.write(
        update(Completion)
        .where(Completion.id == completion_id, Completion.finished_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def forget_run(uow: UnitOfWork, kind: str, subject_id: int) -> None:
    """Forget that something was ever completed: what it brought is gone, and the next one who asks begins anew."""
    await uow.write(
        delete(Completion)
        .where(Completion.kind == kind, Completion.subject_id == subject_id)
        .execution_options(synchronize_session=False)
    )
