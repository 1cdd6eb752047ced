"""The operator's pages for reports and the log of decisions, through their forms; and the form people report with."""

from node.base.paging import Page
from node.base.runtime import Runtime
from node.moderation.queries import list_entries
from node.reports.queries import list_reports
from tests.browser.visitor import Visitor
from tests.support.make import make_account, make_post
from tests.support.nodes import Node, settle
from tests.unit.admin.test_pages import browser


async def test_mod_3_somebody_reports_a_post_and_a_moderator_resolves_it(node: Node) -> None:
    """No JavaScript: the menu of a post, the form, the moderator's notification, limit, resolve, the log."""
    ann, bo = await make_account(node.runtime, "ann"), await make_account(node.runtime, "bo")
    await make_account(node.runtime, "mo", role="moderator")
    post = await make_post(node.runtime, bo, "Something nasty")
    async with Visitor(node.url) as reader, Visitor(node.url) as moderator:
        await reader.sign_in("ann")
        page = await reader.open(f"/@bo/{post.id}")
        link = page.form(f"a[href='/@bo/report?post={post.id}']").attributes["href"]
        assert link is not None
        page = await reader.open(link)
        assert "Something nasty" in page.text
        form = "form[action$='/report']"
        refused = await reader.send(page, form, category="taste", comment="kept words")
        assert refused.status == 422
        assert "kept words" in refused.response.text
        page = await reader.send(page, form, category="violation", comment="It is nasty")
        assert page.path == "/@bo"
        assert "The moderators will look at it" in page.response.text
        assert (await reader.open("/admin/reports")).status == 403
        await settle(node.runtime)
        await moderator.sign_in("mo")
        assert "sent a report" in (await moderator.open("/notifications")).text
        page = await moderator.open("/admin/reports")
        assert "It is nasty" in page.text
        assert "Something nasty" in page.text
        form = "article form"
        page = await moderator.send(page, form, button="/silence")
        assert "Limited" in page.text
        page = await moderator.send(page, form)
        assert "Nothing to look at" in page.text
        page = await moderator.open("/admin/reports?state=resolved")
        assert "Resolved" in page.text
        page = await moderator.send(page, form)
        async with node.runtime.read() as session:
            (report,) = await list_reports(session, Page(), resolved=False)
            entries = await list_entries(session, Page())
        assert report.account_id == ann.id
        assert [entry.action for entry in entries] == ["report.reopen", "report.resolve", "account.silence"]
        page = await moderator.open("/admin/log")
        assert "Limited" in page.text
        assert "bo" in page.text


async def test_row_91_reports_and_the_log_are_for_moderators(runtime: Runtime) -> None:
    somebody = await browser(runtime, (await make_account(runtime, "uma")).id)
    for place in ("/admin/reports", "/admin/log"):
        status, _ = await somebody.get(place)
        assert status == 403
    status, _ = await somebody.send("/admin/reports/1/resolve", page="/settings/profile")
    assert status == 403
