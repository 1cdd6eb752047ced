"""The pages through their own forms, no JavaScript: sign up, write, read, like, follow, settings; and refusals."""

import base64
from collections.abc import AsyncIterator

import pytest

from admin.first_admin import make_setup_link
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, settle

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEUlEQVR4nGNgGAWjYBSMAggAAAQKAAH7d0b0AAAAAElFTkSuQmCC"
)


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    """Somebody who just signed up."""
    async with Visitor(node.url) as visitor:
        page = await visitor.sign_up("ann")
        assert page.path == "/home", page.text
        yield visitor


@pytest.fixture
async def bo(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("bo")
        yield visitor


@pytest.fixture
async def stranger(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as visitor:
        yield visitor


async def test_somebody_signs_up_writes_and_sees_it(ann: Visitor, stranger: Visitor) -> None:
    page = await ann.post("The rooks are back. #corvids")
    assert page.status == 200
    home = await ann.open("/home")
    assert "The rooks are back." in home.text
    assert "The rooks are back." in (await stranger.open("/")).text
    assert "The rooks are back." in (await stranger.open("/public/local")).text
    assert "The rooks are back." in (await stranger.open("/@ann")).text
    assert "The rooks are back." in (await stranger.open("/tags/corvids")).text
    link = home.form("article.post a.permalink").attributes["href"]
    assert link is not None
    assert link.startswith("/@ann/")
    assert "The rooks are back." in (await stranger.open(link)).text


async def test_every_page_of_a_person_answers(ann: Visitor) -> None:
    await ann.post("Hello")
    for path in (
        "/home", "/public", "/public/local", "/notifications", "/notifications?only=mentions",
        "/notifications/requests", "/settings/notifications", "/unsubscribe", "/search",
        "/search?q=ann",
        "/bookmarks", "/favourites", "/follow_requests", "/settings/profile", "/settings/account",
        "/settings/security",
        "/settings/appearance", "/settings/posting", "/messages", "/directory",
        "/settings/mutes", "/settings/blocks", "/settings/servers", "/settings/move",
        "/settings/delete",
        "/settings/filters", "/settings/filters/new", "/settings/hashtags", "/lists",
        "/@ann", "/@ann/with_replies", "/@ann/media",
        "/@ann/followers", "/@ann/following", "/about", "/compose", "/settings", "/drafts", "/scheduled",
    ):  # fmt: skip
        page = await ann.open(path)
        assert page.status == 200, (path, page.text)
        assert page.html.css_first("main#main") is not None, path
        assert "style=" not in page.response.text, path
        assert "onclick" not in page.response.text, path


async def test_pages_have_a_policy_that_lets_no_script_of_others_in(ann: Visitor) -> None:
    policy = (await ann.open("/home")).response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_like_boost_bookmark_and_back(ann: Visitor, bo: Visitor) -> None:
    await ann.post("Like me")
    for verb, undo, act in (
        ("like", "unlike", "like"),
        ("boost", "unboost", "boost"),
        ("bookmark", "unbookmark", "bookmark"),
    ):
        page = await bo.open("/public/local")
        done = await bo.send(page, "form[data-post]", button=f"/{verb}")
        assert done.path == "/public/local"
        assert done.form(f"form[data-post] [data-act={act}]").attributes["aria-pressed"] == "true"
        if verb == "bookmark":
            assert "Like me" in (await bo.open("/bookmarks")).text
        back = await bo.send(await bo.open("/public/local"), "form[data-post]", button=f"/{undo}")
        assert back.form(f"form[data-post] [data-act={act}]").attributes["aria-pressed"] == "false"


async def test_a_pinned_post_stands_first_and_once(ann: Visitor, stranger: Visitor) -> None:
    """COL-4: pinned from its menu, taken down from there too; the sixth is refused in words."""
    await ann.post("Read this first")
    for number in range(5):
        await ann.post(f"Later words {number}")
    page = await ann.open("/@ann")
    first = page.html.css("article.post")[-1].attributes["data-id"]
    page = await ann.send(page, f'form[data-post="{first}"]', button="/pin")
    texts = [article.text() for article in page.html.css("article.post")]
    assert "Read this first" in texts[0]
    assert "Pinned" in texts[0]
    assert len(texts) == 6
    seen = await stranger.open("/@ann")
    assert seen.form("article.post").attributes["data-id"] == first
    others = [article.attributes["data-id"] for article in page.html.css("article.post")][1:]
    for post_id in others:
        page = await ann.send(page, f'form[data-post="{post_id}"]', button="/pin")
    assert "Unpin another one first." in page.html.root.text()  # type: ignore[union-attr]
    page = await ann.send(page, f'form[data-post="{first}"]', button="/unpin")
    assert [article.attributes["data-id"] for article in page.html.css("article.post")][-1] == first


async def test_modules_get_the_new_state_as_json(ann: Visitor, bo: Visitor) -> None:
    await ann.post("Like me")
    page = await bo.open("/public/local")
    post_id = page.form("form[data-post]").attributes["data-post"]
    token = page.form("form[data-post] input[name=csrf_token]").attributes["value"]
    data, headers = {"csrf_token": token or ""}, {"Accept": "application/json"}
    answer = await bo.http.post(f"/web/posts/{post_id}/like", data=data, headers=headers)
    assert answer.json()["post"]["favourited"] is True
    assert answer.json()["post"]["favourites_count"] == 1
    refused = await bo.http.post("/web/posts/1/like", data=data, headers=headers)
    assert refused.status_code == 404
    assert "error" in refused.json()


async def test_follow_and_read_at_home(node: Node, ann: Visitor, bo: Visitor) -> None:
    profile = await bo.open("/@ann")
    followed = await bo.send(profile, "form[data-follow]")
    assert followed.path == "/@ann"
    assert "Following" in followed.text
    await ann.post("For those who follow me", visibility="private")
    await settle(node.runtime)
    assert "For those who follow me" in (await bo.open("/home")).text
    unfollowed = await bo.send(await bo.open("/@ann"), "form[data-follow]")
    assert "Following" not in unfollowed.form("form[data-follow] button").text()
    assert "For those who follow me" not in (await bo.open("/home")).text


async def test_a_locked_account_decides_who_follows(ann: Visitor, bo: Visitor) -> None:
    await ann.send(await ann.open("/settings/profile"), "form[action='/settings/profile']", locked="1")
    asked = await bo.send(await bo.open("/@ann"), "form[data-follow]")
    assert "Requested" in asked.text
    requests = await ann.open("/follow_requests")
    assert "@bo@" in requests.text
    await ann.send(requests, "form[action*='/authorize']")
    assert "Following" in (await bo.open("/@ann")).text


async def test_a_reply_stands_in_the_thread(ann: Visitor, bo: Visitor, stranger: Visitor) -> None:
    await ann.post("How many nests?")
    link = (await bo.open("/@ann")).form("a.permalink").attributes["href"] or ""
    page = await bo.open(link)
    assert page.form("textarea[name=text]").text().strip() == "@ann"
    replied = await bo.send(page, "form.composer", text="@ann thirty-eight")
    assert replied.path == link
    assert "thirty-eight" in (await stranger.open(link)).text


async def test_edit_shows_both_versions(ann: Visitor, stranger: Visitor) -> None:
    await ann.post("First words")
    link = (await ann.open("/@ann")).form("a.permalink").attributes["href"] or ""
    await ann.send(await ann.open(link + "/edit"), "form.composer", text="Second words")
    assert "Second words" in (await stranger.open(link)).text
    history = await stranger.open(link + "/history")
    assert "First words" in history.text
    assert "Second words" in history.text


async def test_delete_asks_first_and_then_it_is_gone(ann: Visitor, stranger: Visitor) -> None:
    await ann.post("A slip of the pen")
    link = (await ann.open("/@ann")).form("a.permalink").attributes["href"] or ""
    asked = await ann.open(link + "/delete")
    assert "cannot be undone" in asked.text
    await ann.send(asked, "form[action$='/delete']")
    assert (await stranger.open(link)).status in (404, 410)
    assert "A slip of the pen" not in (await ann.open("/home")).text


async def test_too_long_comes_back_as_it_was_typed(ann: Visitor) -> None:
    page = await ann.post("word " * 100, spoiler_text="Long", has_warning="1", visibility="unlisted", language="de")
    assert page.status == 422
    assert page.html.css_first("#text-wrong") is not None
    assert page.form("textarea[name=text]").text().strip() == ("word " * 100).strip()
    assert page.form("#spoiler_text").attributes["value"] == "Long"
    assert page.form("#visibility option[selected]").attributes["value"] == "unlisted"
    assert page.form("#language option[selected]").attributes["value"] == "de"


async def test_a_refused_post_keeps_its_pictures(ann: Visitor) -> None:
    files = {"media_file_1": ("owl.png", PIXEL, "image/png")}
    page = await ann.send(
        await ann.open("/compose"), "form.composer", text="word " * 100, media_alt_1="An owl", files=files
    )
    assert page.status == 422
    assert page.form("input[name=media_ids]").attributes["value"]
    assert page.form("textarea[name^=media_description]").text().strip() == "An owl"
    sent = await ann.send(page, "form.composer", text="Short enough")
    assert sent.status == 200
    shown = await ann.open("/@ann/media")
    assert shown.form("article.post img[alt='An owl']") is not None


async def test_what_is_no_picture_is_refused_in_words(ann: Visitor) -> None:
    """Attacks row 82."""
    files = {"media_file_1": ("x.svg", b"<svg onload=alert(1)>", "image/svg+xml")}
    page = await ann.send(await ann.open("/compose"), "form.composer", text="Look", files=files)
    assert page.status == 422
    assert page.html.css_first("#media-wrong") is not None


async def test_sending_the_same_form_twice_makes_one_post(ann: Visitor) -> None:
    page = await ann.open("/compose")
    await ann.send(page, "form.composer", text="Once")
    await ann.send(page, "form.composer", text="Once")
    assert (await ann.open("/@ann")).text.count("Once") == 1


async def test_profile_is_changed_and_shown(ann: Visitor, stranger: Visitor) -> None:
    files = {"avatar": ("me.png", PIXEL, "image/png")}
    page = await ann.send(
        await ann.open("/settings/profile"),
        "form[action='/settings/profile']",
        display_name="Ann <b>W</b>",
        note="Bird watcher",
        field_name_0="Home",
        field_value_0="https://ann.example",
        files=files,
    )
    assert page.status == 200, page.text
    shown = await stranger.open("/@ann")
    assert "Ann <b>W</b>" in shown.text
    assert "Bird watcher" in shown.text
    assert "/media/" in (shown.form(".profile-top img").attributes["src"] or "")
    long = await ann.send(await ann.open("/settings/profile"), "form[action='/settings/profile']", note="x" * 5000)
    assert long.status == 422
    assert long.html.css_first("#note-wrong") is not None


async def test_block_and_mute_are_listed_and_lifted(ann: Visitor, bo: Visitor) -> None:
    for verb, undo, page in (("mute", "unmute", "/settings/mutes"), ("block", "unblock", "/settings/blocks")):
        profile = await ann.open("/@bo")
        assert profile.html.css_first(f"a[href='/@bo/{verb}']") is not None
        await ann.send(await ann.open(f"/@bo/{verb}"), f"form[action$='/{verb}']")
        listed = await ann.open(page)
        assert "@bo@" in listed.text
        await ann.send(listed, f"form[action$='/{undo}']")
        assert "@bo@" not in (await ann.open(page)).text


async def test_password_change_signs_the_others_out(node: Node, ann: Visitor) -> None:
    """Attacks row 95."""
    async with Visitor(node.url) as phone:
        await phone.sign_in("ann")
        assert (await phone.open("/home")).path == "/home"
        wrong = await ann.send(
            await ann.open("/settings/security"), "form[action$='/password']",
            current_password="not it", password="another good one", password_again="another good one",
        )  # fmt: skip
        assert wrong.status == 422
        await ann.send(
            await ann.open("/settings/security"), "form[action$='/password']",
            current_password="correct horse battery", password="another good one", password_again="another good one",
        )  # fmt: skip
        assert (await ann.open("/home")).path == "/home"
        assert (await phone.open("/home")).path == "/auth/sign_in"


async def test_colours_are_kept(ann: Visitor) -> None:
    page = await ann.send(await ann.open("/settings/appearance"), "form[data-theme-form]", theme="dark")
    assert page.form("html").attributes["data-theme"] == "dark"


async def test_search_finds_people_tags_and_addresses(ann: Visitor, bo: Visitor, stranger: Visitor) -> None:
    await ann.post("#corvids")
    assert "@ann@" in (await bo.open("/search?q=ann")).text
    assert "#corvids" in (await bo.open("/search?q=corv")).text
    domain = ann.url.removeprefix("http://")
    assert "@ann@" in (await bo.open(f"/search?q=@ann@{domain}")).text
    assert "Nothing found" in (await stranger.open("/search?q=nobodyatall")).text
    assert (await bo.open("/search?q=" + "x" * 600)).status == 200


async def test_sign_in_refuses_in_words_and_keeps_the_name(ann: Visitor, stranger: Visitor) -> None:
    page = await stranger.sign_in("ann", "wrong password")
    assert page.status == 422
    assert "do not belong together" in page.text
    assert page.form("#login").attributes["value"] == "ann"
    unknown = await stranger.sign_in("nobody", "wrong password")
    assert "do not belong together" in unknown.text


async def test_sign_up_says_what_is_wrong_beside_the_field(stranger: Visitor) -> None:
    page = await stranger.send(
        await stranger.open("/auth/sign_up"), "form[action='/auth/sign_up']",
        username="ann!", email="no", password="short", password_again="short",
    )  # fmt: skip
    assert page.status == 422
    for name in ("username", "email", "password"):
        assert page.html.css_first(f"#{name}-wrong") is not None, name
    assert page.form("#username").attributes["value"] == "ann!"


async def test_sign_out_ends_the_session(ann: Visitor) -> None:
    before = dict(ann.http.cookies)
    page = await ann.send(await ann.open("/home"), "form[action='/auth/sign_out']")
    assert page.path == "/"
    ann.http.cookies.update(before)
    assert (await ann.open("/home")).path == "/auth/sign_in"


async def test_sign_in_gives_a_new_session_and_leads_back_here_only(ann: Visitor, node: Node) -> None:
    """Attacks rows 95 and 103."""
    async with Visitor(node.url) as other:
        page = await other.open("/auth/sign_in?return_to=//evil.test/x")
        assert page.form("input[name=return_to]").attributes["value"] == "/home"
        wanted = await other.open("/settings/profile")
        assert wanted.path == "/auth/sign_in"
        back = await other.send(wanted, "form[action='/auth/sign_in']", login="ann", password="correct horse battery")
        assert back.path == "/settings/profile"


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_form_without_our_token_is_refused(ann: Visitor, token: str) -> None:
    """Attacks row 94."""
    answer = await ann.http.post("/web/posts", data={"csrf_token": token, "text": "forged"})
    assert answer.status_code == 403
    assert "forged" not in (await ann.open("/home")).text


async def test_a_form_from_another_origin_is_refused(ann: Visitor) -> None:
    """Attacks row 94."""
    page = await ann.open("/compose")
    token = page.form("form.composer input[name=csrf_token]").attributes["value"] or ""
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await ann.http.post("/web/posts", data={"csrf_token": token, "text": "forged"}, headers=headers)
        assert answer.status_code == 403, headers


async def test_sign_in_needs_a_token_too(stranger: Visitor) -> None:
    """Attacks row 94: nobody is signed in as somebody else unawares."""
    answer = await stranger.http.post("/auth/sign_in", data={"login": "ann", "password": "x"})
    assert answer.status_code == 403


async def test_what_is_for_followers_is_not_found_by_others(ann: Visitor, bo: Visitor, stranger: Visitor) -> None:
    await ann.post("Only for followers", visibility="private")
    link = (await ann.open("/@ann")).form("a.permalink").attributes["href"] or ""
    for other in (bo, stranger):
        assert (await other.open(link)).status == 404
        assert (await other.open(link + "/history")).status == 404
        assert "Only for followers" not in (await other.open("/@ann")).text


async def test_others_cannot_edit_or_delete(ann: Visitor, bo: Visitor) -> None:
    """Attacks row 89."""
    await ann.post("Mine")
    link = (await ann.open("/@ann")).form("a.permalink").attributes["href"] or ""
    assert (await bo.open(link + "/edit")).status == 404
    assert (await bo.open(link + "/delete")).status == 404
    token = (await bo.open("/compose")).form("input[name=csrf_token]").attributes["value"] or ""
    post_id = link.rpartition("/")[2]
    answer = await bo.http.post(f"/web/posts/{post_id}/delete", data={"csrf_token": token})
    assert answer.status_code == 404
    assert "Mine" in (await ann.open(link)).text


async def test_the_operators_pages_are_not_for_everybody(ann: Visitor) -> None:
    for path in ("/admin", "/admin/accounts", "/admin/domains"):
        assert (await ann.open(path)).status == 403, path


@pytest.mark.parametrize(
    "path",
    ["/@nobody", "/@nobody/1", "/@ann/99999999999999999999", "/tags/", "/nothing", "/@ann/1/history", "/static/../x"],
)
async def test_what_is_not_there_says_so_on_a_page(ann: Visitor, path: str) -> None:
    page = await ann.open(path)
    assert page.status == 404
    assert page.html.css_first(".error-page") is not None


async def test_odd_queries_are_no_accident(ann: Visitor) -> None:
    for path in ("/home?max_id=x", "/home?max_id=-1", "/home?min_id=99999999999999999999", "/web/fresh?since_id=x"):
        assert (await ann.open(path)).status == 200, path


async def test_a_setup_link_works_once(node: Node) -> None:
    """Attacks row 113: the very link that `rookery up` prints."""
    link = await make_setup_link(node.runtime.settings)
    assert link is not None
    path = link.removeprefix(node.runtime.settings.public_url)
    async with Visitor(node.url) as first:
        page = await first.open(path)
        done = await first.send(
            page, "form[action='/setup']", username="keeper", email="k@example.com",
            password="correct horse battery", password_again="correct horse battery",
        )  # fmt: skip
        assert done.path == "/home"
        assert (await first.open("/admin")).status == 200
        assert (await first.open("/admin/accounts?q=keep")).status == 200
        assert (await first.open("/admin/domains")).status == 200
    async with Visitor(node.url) as second:
        assert (await second.open(path)).status == 410
        assert (await second.open("/setup")).status == 410


async def test_a_timeline_is_light(ann: Visitor) -> None:
    """ui.md: under 60 kB of HTML, CSS and JS, compressed."""
    import gzip

    for n in range(20):
        await ann.post(f"Post number {n} with a few words, a #tag{n} and https://example.org/{n}")
    page = await ann.open("/home")
    weight = len(gzip.compress(page.response.content))
    files = [page.form("link[rel=stylesheet]").attributes["href"] or ""]
    main = page.form("script[type=module]").attributes["src"] or ""
    folder = main.rpartition("/")[0]
    names = ("main", "messages", "server", "actions", "times", "composer", "menus", "viewer", "keys", "lists")
    files += [f"{folder}/{name}.js" for name in names]
    for file in files:
        answer = await ann.http.get(file)
        assert answer.status_code == 200, file
        assert "immutable" in answer.headers["Cache-Control"]
        weight += len(gzip.compress(answer.content))
    assert weight < 60_000, weight
