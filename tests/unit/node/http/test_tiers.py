"""client-api 16: who may ask for how much."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from node.auth.rules import Principal
from node.http.tiers import buckets_of, tier_of
from tests.support.nodes import make_settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def person(*, days: float = 30, **facts: Any) -> Principal:
    joined_at = NOW - timedelta(days=days)
    return Principal(token_id=7, account_id=42, scopes=frozenset({"read"}), joined_at=joined_at, **facts)


def app() -> Principal:
    return Principal(token_id=7, account_id=None, scopes=frozenset({"read"}))


@pytest.mark.parametrize(
    ("principal", "tier"),
    [
        (None, "anonymous"),
        (app(), "anonymous"),
        (person(days=0.9), "new"),
        (person(days=1.1), "normal"),
        (person(days=181), "trusted"),
        (person(days=0.1, role="moderator"), "trusted"),
        (person(days=400, is_bot=True), "bot"),
    ],
)
def test_tiers(principal: Principal | None, tier: str) -> None:
    assert tier_of(principal, NOW) == tier


def paid(principal: Principal | None, tmp_path: Path, **settings: Any) -> list[tuple[str, int, str]]:
    found = buckets_of(principal, network="192.0.2.7", settings=make_settings(tmp_path, **settings), now=NOW)
    return [(bucket.limit.name, bucket.limit.count, bucket.whose) for bucket in found]


def test_a_stranger_pays_by_address(tmp_path: Path) -> None:
    assert paid(None, tmp_path) == [("address", 300, "address:192.0.2.7")]
    assert paid(None, tmp_path, limit_anonymous=50) == [("address", 50, "address:192.0.2.7")]


def test_a_person_pays_for_all_apps_and_each_app_for_itself(tmp_path: Path) -> None:
    assert paid(person(), tmp_path) == [("user", 1_500, "account:42"), ("token", 300, "token:7")]
    assert paid(person(days=300), tmp_path) == [("user", 3_000, "account:42"), ("token", 600, "token:7")]
    assert paid(person(days=0), tmp_path) == [("user", 900, "account:42"), ("token", 300, "token:7")]


def test_an_app_alone_pays_for_itself(tmp_path: Path) -> None:
    assert paid(app(), tmp_path) == [("token", 300, "token:7")]
