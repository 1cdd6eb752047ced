"""The operator's pages, over HTTP with a real session: what they show, what they change, whom they refuse."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from admin.serve import build_app
from node.auth.factor_models import TotpDevice
from node.auth.factor_queries import has_second_factor
from node.auth.service import find_session, open_session
from node.barriers.rules import email_hash
from node.base.paging import Page
from node.base.runtime import Runtime
from node.moderation.queries import find_policy, list_entries
from tests.support.make import make_account

PLACES = ("/admin", "/admin/accounts", "/admin/domains", "/admin/barriers")


@dataclass
class Browser:
    """A browser in which somebody (or nobody) is signed in."""

    client: Any
    cookie: str

    async def get(self, path: str) -> tuple[int, str]:
        response = await self.client.get(path, headers={"Cookie": self.cookie, "Accept": "text/html"})
        return response.status_code, (await response.get_data()).decode()

    async def send(self, path: str, page: str = "/admin/domains", **fields: str) -> tuple[int, str]:
        """Send a form with the token of `page`."""
        _, html = await self.get(page)
        token = re.search(r'name="csrf_token" value="([^"]+)"', html)
        sent = {"csrf_token": token[1] if token else "", **fields}
        headers = {"Cookie": self.cookie, "Accept": "text/html"}
        response = await self.client.post(path, form=sent, headers=headers)
        return response.status_code, (await response.get_data()).decode()


async def browser(runtime: Runtime, account_id: int | None) -> Browser:
    cookie = ""
    if account_id is not None:
        async with runtime.write() as uow:
            secret = await open_session(uow, account_id, now=runtime.now())
        cookie = f"rookery_session_8000={secret}"
    return Browser(build_app(runtime).test_client(use_cookies=False), cookie)


@pytest.fixture
async def admin(runtime: Runtime) -> Browser:
    return await browser(runtime, (await make_account(runtime, "ada", role="admin")).id)


@pytest.mark.parametrize("place", PLACES)
async def test_strangers_are_led_to_sign_in(runtime: Runtime, place: str) -> None:
    status, _ = await (await browser(runtime, None)).get(place)
    assert status == 303


@pytest.mark.parametrize("place", PLACES)
async def test_people_without_the_role_are_refused(runtime: Runtime, place: str) -> None:
    somebody = await browser(runtime, (await make_account(runtime, "una")).id)
    assert (await somebody.get(place))[0] == 403


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("role", ["admin", "moderator"])
async def test_staff_may_see_them(runtime: Runtime, place: str, role: str) -> None:
    staff = await browser(runtime, (await make_account(runtime, "ada", role=role)).id)
    status, html = await staff.get(place)
    assert status == 200
    assert "Administration" in html


async def test_the_second_step_of_somebody_who_lost_everything(runtime: Runtime, admin: Browser) -> None:
    """Switched off by an admin, not by a moderator; it ends their sessions and is on record (rows 91 and 95)."""
    una = await make_account(runtime, "una")
    now = runtime.now()
    async with runtime.write() as uow:
        uow.add(TotpDevice(account_id=una.id, secret="A" * 32, created_at=now, confirmed_at=now))
        secret = await open_session(uow, una.id, now=now)
    moderator = await browser(runtime, (await make_account(runtime, "mona", role="moderator")).id)
    place = f"/admin/accounts/{una.id}/disable_2fa"
    assert (await moderator.send(place, page="/admin/accounts"))[0] == 403
    assert place not in (await moderator.get("/admin/accounts"))[1]
    assert place in (await admin.get("/admin/accounts"))[1]
    async with runtime.read() as reader:
        assert await has_second_factor(reader, una.id)
    await admin.send(place, page="/admin/accounts")
    async with runtime.read() as reader:
        assert not await has_second_factor(reader, una.id)
        assert await find_session(reader, secret, runtime.now()) is None
    assert "Switched off the two-step sign-in of" in (await admin.get("/admin/log"))[1]


async def test_the_overview_says_what_is_wrong(admin: Browser) -> None:
    _, html = await admin.get("/admin")
    assert "No worker process is running" in html
    assert "deliver-slow" in html


async def test_a_domain_is_blocked_shown_and_freed(runtime: Runtime, admin: Browser) -> None:
    status, _ = await admin.send("/admin/domains", domain="Bad.Example", severity="suspend", reason="spam <b>")
    assert status == 303
    _, html = await admin.get("/admin/domains")
    assert "bad.example" in html
    assert "spam &lt;b&gt;" in html
    async with runtime.read() as reader:
        policy = await find_policy(reader, "sub.bad.example")
        assert policy is not None
        (entry,) = await list_entries(reader, Page())
    assert (entry.action, entry.target) == ("domain.suspend", "bad.example")
    assert entry.actor_id is not None
    assert (await admin.send("/admin/domains/remove", domain="bad.example"))[0] == 303
    async with runtime.read() as reader:
        assert await find_policy(reader, "bad.example") is None


async def test_somebody_is_kept_from_signing_up_and_let_in(runtime: Runtime, admin: Browser) -> None:
    page = "/admin/barriers"
    for kind, fields, shown in (
        ("domain", {"domain": "trash.example"}, "trash.example"),
        ("email", {"email": "a.b+c@example.com"}, email_hash("ab@example.com")[:12]),
        ("network", {"network": "203.0.113.7/24", "severity": "no_access"}, "203.0.113.0/24"),
    ):
        assert (await admin.send(f"{page}/{kind}", page, **fields))[0] == 303
        _, html = await admin.get(page)
        assert shown in html
        assert (await admin.send(f"{page}/{kind}", page, **fields))[0] == 422, "it is there already"
        found = re.search(rf'action="({page}/{kind}/[0-9]+/remove)"', html)
        assert found is not None
        assert (await admin.send(found[1], page))[0] == 303
        assert shown not in (await admin.get(page))[1]
    status, html = await admin.send(f"{page}/network", page, network="0.0.0.0/0", severity="no_access")
    assert status == 422
    assert "too wide" in html


async def test_somebody_is_locked_out_and_let_in_again(runtime: Runtime, admin: Browser) -> None:
    una = await make_account(runtime, "una")
    theirs = await browser(runtime, una.id)
    assert (await theirs.get("/home"))[0] == 200
    assert (await admin.send(f"/admin/accounts/{una.id}/disable"))[0] == 303
    assert (await theirs.get("/home"))[0] == 303
    assert "Unlock" in (await admin.get("/admin/accounts?where=disabled"))[1]
    assert (await admin.send(f"/admin/accounts/{una.id}/enable"))[0] == 303
    assert (await theirs.get("/home"))[0] == 200


async def test_a_relay_is_joined_shown_and_left(admin: Browser) -> None:
    """DLV-10."""
    assert (await admin.send("/admin/relays", relay="https://relay.example/inbox"))[0] == 303
    _, html = await admin.get("/admin/domains")
    assert "https://relay.example/inbox" in html
    assert ">Asked<" in html
    for wrong in ("", "nonsense", "https://relay.example/inbox", "http://localhost:8000/inbox"):
        assert (await admin.send("/admin/relays", relay=wrong))[0] == 422
    assert (await admin.send("/admin/relays/remove", relay="https://relay.example/inbox"))[0] == 303
    assert (
        "relay.example"
        not in (await admin.get("/admin/domains"))[1].partition("Address of a relay")[2].partition("<table")[2]
    )


@pytest.mark.parametrize("domain", ["", "not a domain", "localhost:8000", "https://bad.example/x"])
async def test_a_wrong_domain_is_said_beside_the_field(runtime: Runtime, admin: Browser, domain: str) -> None:
    status, html = await admin.send("/admin/domains", domain=domain, severity="suspend", reason="because")
    assert status == 422
    assert "domain-wrong" in html
    assert "because" in html, "nothing that was typed is lost"


async def test_an_unknown_severity_is_refused(admin: Browser) -> None:
    status, html = await admin.send("/admin/domains", domain="b.example", severity="nuke")
    assert status == 422
    assert "severity-wrong" in html


async def test_somebody_is_suspended_and_freed(runtime: Runtime, admin: Browser) -> None:
    una = await make_account(runtime, "una")
    assert (await admin.send(f"/admin/accounts/{una.id}/suspend"))[0] == 303
    _, html = await admin.get("/admin/accounts?where=suspended")
    assert "una" in html
    assert "Lift" in html
    assert (await admin.send(f"/admin/accounts/{una.id}/unsuspend"))[0] == 303
    _, html = await admin.get("/admin/accounts?where=suspended")
    assert "No account fits" in html


async def test_a_moderator_cannot_touch_staff_nor_anybody_themselves(runtime: Runtime) -> None:
    """Attack row 91."""
    ada = await make_account(runtime, "ada", role="admin")
    mo = await make_account(runtime, "mo", role="moderator")
    moderator = await browser(runtime, mo.id)
    assert (await moderator.send(f"/admin/accounts/{ada.id}/suspend"))[0] == 403
    assert (await moderator.send(f"/admin/accounts/{mo.id}/suspend"))[0] == 403


async def test_a_form_from_elsewhere_changes_nothing(runtime: Runtime, admin: Browser) -> None:
    """Attack row 95."""
    una = await make_account(runtime, "una")
    status, _ = await admin.send(f"/admin/accounts/{una.id}/suspend", csrf_token="wrong")
    assert status == 403
    _, html = await admin.get("/admin/accounts?where=suspended")
    assert "No account fits" in html


async def test_nobody_is_suspended_by_a_link(runtime: Runtime, admin: Browser) -> None:
    una = await make_account(runtime, "una")
    assert (await admin.get(f"/admin/accounts/{una.id}/suspend"))[0] in (404, 405)


async def test_an_unknown_account_is_not_found(admin: Browser) -> None:
    assert (await admin.send("/admin/accounts/12345/suspend"))[0] == 404


async def test_accounts_are_found_and_paged(runtime: Runtime, admin: Browser) -> None:
    for number in range(45):
        await make_account(runtime, f"person{number:02}")
    _, html = await admin.get("/admin/accounts?q=person&where=local")
    assert "person44" in html
    assert "person00" not in html
    following = re.search(r'rel="next" href="([^"]+)"', html)
    assert following is not None
    _, html = await admin.get(following[1].replace("&amp;", "&"))
    assert "person00" in html


async def test_somebody_who_waits_is_let_in(runtime: Runtime, admin: Browser) -> None:
    from sqlalchemy import update

    from node.auth.models import User

    una = await make_account(runtime, "una")
    async with runtime.write() as uow:
        await uow.write(update(User).where(User.account_id == una.id).values(approved_at=None))
    _, html = await admin.get("/admin/accounts?where=pending")
    assert "Approve" in html
    assert (await admin.send(f"/admin/accounts/{una.id}/approve"))[0] == 303
    _, html = await admin.get("/admin/accounts?where=pending")
    assert "No account fits" in html
