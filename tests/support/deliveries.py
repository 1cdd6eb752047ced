"""Deliveries that wait, without the posts they tell of."""

from datetime import datetime

from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import floor_id
from outbox.models import Delivery, OutgoingActivity


async def make_waiting(
    uow: UnitOfWork,
    number: int,
    *,
    due: datetime | None,
    now: datetime,
    host: str = "b.example",
    slow: bool = True,
    start: int = 0,
) -> None:
    """Let so many activities of one actor, each about another object, wait for a host."""
    for place in range(start + 1, start + number + 1):
        uri = f"https://a.example/{host}/{place}"
        activity = OutgoingActivity(
            id=floor_id(now) + place, uri=uri, account_id=7, kind="Create", object_key=uri, body="{}", created_at=now
        )
        uow.add(activity)
        await uow.flush()
        uow.add(
            Delivery(
                id=floor_id(now) + place,
                activity_id=activity.id,
                account_id=7,
                inbox_url=f"https://{host}/inbox",
                host=host,
                object_key=uri,
                slow=slow,
                created_at=now,
                due_at=due,
                attempts=0,
            )
        )
    await uow.flush()
