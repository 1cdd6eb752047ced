"""Ids are unique, grow with time, and fit where they must."""

from datetime import UTC, datetime, timedelta

import pytest

from node.base.ids import MAX_ID, IdMaker, floor_id, id_at, new_id, read_id, time_of


def test_ids_grow_and_never_repeat() -> None:
    maker = IdMaker()
    made = [maker.new() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert made[-1] < MAX_ID


def test_an_id_tells_its_time() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    assert before <= time_of(new_id()) <= datetime.now(UTC) + timedelta(seconds=12)


def test_an_old_post_sorts_at_its_own_time() -> None:
    moment = datetime(2020, 5, 4, 3, 2, 1, 7000, tzinfo=UTC)
    made = {id_at(moment) for _ in range(50)}
    assert len(made) == 50
    assert all(time_of(id_) == moment for id_ in made)
    assert all(floor_id(moment) <= id_ < floor_id(moment + timedelta(milliseconds=1)) for id_ in made)


def test_posts_of_one_whole_second_do_not_run_out_of_ids() -> None:
    """Most servers tell `published` in whole seconds; 2000 posts of one second would clash within a millisecond."""
    moment = datetime(2020, 5, 4, 3, 2, 1, tzinfo=UTC)
    made = [id_at(moment) for _ in range(2000)]
    assert len({time_of(id_) for id_ in made}) > 500
    assert all(floor_id(moment) <= id_ < floor_id(moment + timedelta(seconds=1)) for id_ in made)


def test_an_answer_of_the_same_second_sorts_behind_what_it_answers() -> None:
    """Whole seconds say nothing of their order, the answer itself does: a chain of 50, and one at a second's end."""
    moment = datetime(2020, 5, 4, 3, 2, 1, tzinfo=UTC)
    chain = [id_at(moment)]
    while len(chain) < 50:
        chain.append(id_at(moment, after=chain[-1]))
        assert chain[-1] > chain[-2]
        assert time_of(chain[-1]) < moment + timedelta(seconds=1.1)
    edge = floor_id(moment + timedelta(milliseconds=999))
    assert edge < id_at(moment, after=edge) < floor_id(moment + timedelta(milliseconds=1001))
    recent = new_id()
    assert id_at(datetime.now(UTC).replace(microsecond=0), after=recent) > recent
    other_second = floor_id(moment + timedelta(seconds=3))
    assert id_at(moment, after=other_second) < other_second


def test_a_post_of_this_second_is_not_of_the_future() -> None:
    moment = datetime.now(UTC).replace(microsecond=0)
    assert all(time_of(id_at(moment)) <= datetime.now(UTC) + timedelta(seconds=12) for _ in range(200))


def test_a_post_from_the_future_sorts_now() -> None:
    """GEN-8: `published` may lie in the future, its place in a timeline may not."""
    assert time_of(id_at(datetime.now(UTC) + timedelta(days=400))) < datetime.now(UTC) + timedelta(seconds=12)


def test_a_time_before_the_epoch_is_clamped() -> None:
    assert id_at(datetime(1, 1, 1, tzinfo=UTC)) >= 0


@pytest.mark.parametrize("text", ["0", "1", "3764876956240619520", str(MAX_ID)])
def test_ids_are_read_from_text(text: str) -> None:
    """Ids of this decade have 19 digits."""
    assert read_id(text) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "x", "٣", "²", str(MAX_ID + 1), "9" * 5000])
def test_what_is_no_id_is_none(text: str) -> None:
    assert read_id(text) is None
