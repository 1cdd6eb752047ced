"""What is asked of the people who look after a node, beside their role. Called by the doors that are theirs."""

from node.auth.factor_queries import has_second_factor
from node.base.runtime import Runtime


async def lacks_second_step(runtime: Runtime, account_id: int) -> bool:
    """Whether somebody may not use their rights yet: the node asks its staff for a second step, and they have none."""
    if not runtime.settings.staff_second_step:
        return False
    async with runtime.read() as reader:
        return not await has_second_factor(reader, account_id)
