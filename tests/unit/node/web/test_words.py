"""Times, counts and names as the pages say them."""

from datetime import UTC, datetime, timedelta

import pytest

from node.web.rendering import Pages, Site, static_version
from node.web.words import ago, compact, from_now, handle, shown_name, time_tag

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(seconds=-30), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=6), "6 d"),
        (timedelta(days=8), "12 Nov"),
        (timedelta(days=400), "16 Oct 2025"),
    ],
)
def test_how_long_ago(back: timedelta, said: str) -> None:
    assert ago(NOW - back, NOW) == said


def test_a_time_is_there_for_machines_and_on_hover() -> None:
    html = time_tag("2026-11-20T11:00:00.000Z", NOW)
    assert 'datetime="2026-11-20T11:00:00Z"' in html
    assert 'title="20 Nov 2026, 11:00 UTC"' in html
    assert time_tag("nonsense", NOW) == ""


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (None, "0"), (999, "999"), (1000, "1K"), (1290, "1.2K"), (34_567, "34K"), (1_999_999, "1.9M")],
)
def test_counts_are_short(count: int | None, said: str) -> None:
    assert compact(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(30, "in a moment"), (-30, "a moment ago"), (7200, "in 2 h"), (-300, "5 min ago")]
)
def test_moments_to_come_and_gone(seconds: int, said: str) -> None:
    assert f">{said}</time>" in from_now(NOW + timedelta(seconds=seconds), NOW)


def test_the_domain_is_always_shown() -> None:
    """Attacks row 74."""
    assert handle({"acct": "ann"}, "here.example") == "@ann@here.example"
    assert handle({"acct": "bo@far.example"}, "here.example") == "@bo@far.example"


def test_a_name_is_never_empty() -> None:
    assert shown_name({"display_name": "  ", "username": "ann"}) == "ann"


def test_every_template_compiles_and_static_addresses_have_a_version() -> None:
    pages = Pages()
    for name in pages.names():
        pages.check(name)
    assert static_version().startswith("v")


def test_markup_in_a_name_is_shown_as_text() -> None:
    """Attacks row 75, for what is no HTML at all."""
    site = Site(name="<b>R</b>", domain="x.example", description="", url="https://x.example", max_post_length=280)
    html = Pages().render("pages/about.html", site=site, now=NOW, staff=[])
    assert "<b>R</b>" not in html
    assert "&lt;b&gt;R&lt;/b&gt;" in html
