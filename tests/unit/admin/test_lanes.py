"""How lanes are shared out among the workers of one machine."""

import pytest

from admin.worker import split_lanes, worker_title
from node.base.lanes import DELIVER, INBOX, INDEX, LANES, RELAY


@pytest.mark.parametrize("workers", range(1, 9))
def test_every_lane_is_served_and_index_by_one_worker_only(workers: int) -> None:
    split = split_lanes(workers)
    assert len(split) == workers
    assert set().union(*split) == set(LANES)
    assert sum(INDEX in lanes for lanes in split) == 1


@pytest.mark.parametrize("workers", range(2, 9))
def test_what_people_wait_for_survives_the_death_of_any_worker(workers: int) -> None:
    split = split_lanes(workers)
    for dead in range(workers):
        served = set().union(*(lanes for number, lanes in enumerate(split) if number != dead))
        assert {RELAY, INBOX} <= served


@pytest.mark.parametrize("workers", range(2, 9))
def test_slow_hosts_never_hold_up_every_worker(workers: int) -> None:
    assert any(DELIVER not in lanes for lanes in split_lanes(workers))


def test_the_title_names_the_lanes() -> None:
    assert worker_title(("relay", "inbox")) == "rookery: worker relay,inbox"
