"""Scopes (client-api 26), addresses (row 101) and passwords."""

import pytest

from node.auth.rules import SCOPES, canonical_email, is_email, parse_scopes, password_problems, scope_allows
from node.base.errors import Invalid


@pytest.mark.parametrize(
    ("granted", "needed", "allowed"),
    [
        ("read", "read:statuses", True),
        ("read:statuses", "read:statuses", True),
        ("read:statuses", "read:accounts", False),
        ("read:statuses", "read", False),
        ("read", "write:statuses", False),
        ("write", "read:statuses", False),
        ("follow", "write:follows", True),
        ("follow", "read:mutes", True),
        ("follow", "write:blocks", True),
        ("follow", "write:statuses", False),
        ("follow", "read", False),
        ("write", "follow", False),
        ("read write follow push", "admin:read", False),
        ("admin:read", "admin:read:accounts", True),
        ("admin:read:accounts", "admin:read", False),
        ("admin:read", "admin:write:accounts", False),
        ("profile", "read:accounts", False),
        ("", "read", False),
    ],
)
def test_a_coarse_scope_contains_its_fine_ones_and_no_others(granted: str, needed: str, allowed: bool) -> None:
    assert scope_allows(frozenset(granted.split()), needed) is allowed


def test_the_scopes_every_app_asks_for_exist() -> None:
    assert parse_scopes("read write follow push") <= SCOPES
    assert len([scope for scope in SCOPES if scope.startswith("read:")]) == 12
    assert len([scope for scope in SCOPES if scope.startswith("write:")]) == 14
    assert len([scope for scope in SCOPES if scope.startswith("admin:") and scope.count(":") == 2]) == 14


@pytest.mark.parametrize("text", ["", "  ", "everything", "read:nothing", "read,write", "READ"])
def test_unknown_scopes_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_scopes(text)


@pytest.mark.parametrize("email", ["ann@example.com", "a.b+c@sub.example.org", "ann@localhost", "o'brien@x.ie"])
def test_ordinary_addresses_pass(email: str) -> None:
    assert is_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "", "ann", "@x.test", "ann@", "a%b@x.test", '"a,b"@x.test', "a,b@x.test", "a b@x.test",
        "ann@x.test\r\nBcc: y@z.test",
        "ann@x..test", ".ann@x.test", "ann.@x.test", "ann@-x.test", "änn@x.test", "ann@ｘ.test", "ann@x.test\n",
        "a" * 65 + "@x.test", "ann@" + "a" * 400 + ".test", "a@b@c.test", "ann@[127.0.0.1]", "<ann@x.test>",
    ],
)  # fmt: skip
def test_doubtful_addresses_are_refused(email: str) -> None:
    """Row 101."""
    assert not is_email(email)


def test_aliases_of_a_mailbox_count_as_one() -> None:
    assert canonical_email("Ann+spam@X.test") == canonical_email("ann@x.test")


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "annannann", "ANN@x.test"])
def test_weak_passwords_are_refused(password: str) -> None:
    assert password_problems(password, username="annannann", email="ann@x.test")
