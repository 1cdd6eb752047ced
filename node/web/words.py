"""How the pages say times, counts, names and addresses: pure functions behind the Jinja filters.

Called by `rendering.py`. Nothing here reads a clock: `now` comes from the request's context.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

QUOTE_POLICIES: tuple[tuple[str, str], ...] = (
    ("public", "Anybody"),
    ("followers", "People who follow you"),
    ("manual", "Ask me first"),
    ("nobody", "Only you"),
)
"""Who may quote a post: the API's word, and ours."""

VISIBILITIES: tuple[tuple[str, str, str, str], ...] = (
    ("public", "globe", "Public", "Anyone, on every timeline"),
    ("unlisted", "unlock", "Quiet public", "Anyone, but kept off the public timelines"),
    ("private", "lock", "Followers", "Only people who follow you"),
    ("direct", "at", "Mentioned", "Only the people you mention"),
)

LANGUAGES: tuple[tuple[str, str], ...] = (
    ("ar", "العربية"), ("bg", "Български"), ("bn", "বাংলা"), ("ca", "Català"),
    ("cs", "Čeština"), ("cy", "Cymraeg"), ("da", "Dansk"), ("de", "Deutsch"),
    ("el", "Ελληνικά"), ("en", "English"), ("eo", "Esperanto"), ("es", "Español"),
    ("et", "Eesti"), ("eu", "Euskara"), ("fa", "فارسی"), ("fi", "Suomi"),
    ("fr", "Français"), ("ga", "Gaeilge"), ("gl", "Galego"), ("he", "עברית"),
    ("hi", "हिन्दी"), ("hr", "Hrvatski"), ("hu", "Magyar"), ("hy", "Հայերեն"),
    ("id", "Bahasa Indonesia"), ("is", "Íslenska"), ("it", "Italiano"),
    ("ja", "日本語"), ("ka", "ქართული"), ("ko", "한국어"), ("lt", "Lietuvių"),
    ("lv", "Latviešu"), ("ms", "Bahasa Melayu"), ("nb", "Norsk bokmål"),
    ("nl", "Nederlands"), ("nn", "Norsk nynorsk"), ("pl", "Polski"),
    ("pt", "Português"), ("ro", "Română"), ("ru", "Русский"), ("sk", "Slovenčina"),
    ("sl", "Slovenščina"), ("sq", "Shqip"), ("sr", "Српски"), ("sv", "Svenska"),
    ("ta", "தமிழ்"), ("th", "ไทย"), ("tr", "Türkçe"), ("uk", "Українська"),
    ("ur", "اردو"), ("vi", "Tiếng Việt"), ("zh", "中文"),
)  # fmt: skip


POLL_LENGTHS: tuple[tuple[int, str], ...] = (
    (300, "5 minutes"),
    (1800, "30 minutes"),
    (3600, "1 hour"),
    (21_600, "6 hours"),
    (86_400, "1 day"),
    (259_200, "3 days"),
    (604_800, "7 days"),
)
"""How long a poll may be open, in seconds."""


def as_time(value: datetime | str | None) -> datetime | None:
    """Return the moment an API timestamp (or a datetime) names, in UTC; None when there is none to read."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def ago(value: datetime | str | None, now: datetime) -> str:
    """Return how long ago `value` was, short as a timeline wants it: `5 min`, `3 h`, `12 Nov 2024`."""
    moment = as_time(value)
    if moment is None:
        return ""
    seconds = int((now - moment).total_seconds())
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86_400:
        return f"{seconds // 3600} h"
    if seconds < 7 * 86_400:
        return f"{seconds // 86_400} d"
    return day(moment) if moment.year != now.year else f"{moment.day} {moment:%b}"


def from_now(value: datetime | str | None, now: datetime) -> Markup:
    """Return a `<time>` element for a moment before or after this one: `in 3 h`, `12 min ago`."""
    moment = as_time(value)
    if moment is None:
        return Markup("")
    left = (moment - now).total_seconds()
    span = "a moment" if abs(left) < 60 else duration(abs(left))
    return Markup('<time datetime="{}" title="{}" data-from-now>{}</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), full_time(moment), f"in {span}" if left > 0 else f"{span} ago"
    )


def day(value: datetime | str | None) -> str:
    """Return the date of `value` in words: `12 Nov 2024`."""
    moment = as_time(value)
    return f"{moment.day} {moment:%b %Y}" if moment else ""


def full_time(value: datetime | str | None) -> str:
    """Return `value` to the minute, in UTC and in words: `12 Nov 2024, 14:05 UTC`."""
    moment = as_time(value)
    return f"{day(moment)}, {moment:%H:%M} UTC" if moment else ""


def time_tag(value: datetime | str | None, now: datetime, *, full: bool = False) -> Markup:
    """Return a `<time>` element: relative to read and absolute on hover, or absolute when `full`."""
    moment = as_time(value)
    if moment is None:
        return Markup("")
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if full:
        return Markup('<time datetime="{}">{}</time>').format(stamp, full_time(moment))
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        stamp, full_time(moment), ago(moment, now)
    )


def compact(number: int | None) -> str:
    """Return a count as a person says it: `987`, `1.2K`, `34K`, `5.6M`."""
    count = max(0, int(number or 0))
    for limit, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if count >= limit:
            value = count / limit
            shown = f"{int(value * 10) / 10:g}" if value < 10 else str(int(value))
            return shown + unit
    return str(count)


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return the word that fits `count`."""
    return one if count == 1 else (many or one + "s")


def handle(account: Mapping[str, Any], domain: str) -> str:
    """Return the whole handle: the domain is always shown (attacks row 74)."""
    acct = str(account["acct"])
    return f"@{acct}" if "@" in acct else f"@{acct}@{domain}"


def shown_name(account: Mapping[str, Any]) -> str:
    """Return what to call somebody: the display name, or the user name where there is none."""
    return str(account.get("display_name") or "").strip() or str(account["username"])


def account_path(account: Mapping[str, Any]) -> str:
    """Return the path of somebody's page here."""
    return f"/@{account['acct']}"


def post_path(post: Mapping[str, Any]) -> str:
    """Return the path of a post's page here."""
    return f"/@{post['account']['acct']}/{post['id']}"


def filesize(size: int | None) -> str:
    """Return a number of bytes in words: `3.4 GB`."""
    value = float(size or 0)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def duration(seconds: float | None) -> str:
    """Return a span of time in words: `4 s`, `12 min`, `3 h`, `2 d`."""
    value = int(seconds or 0)
    for limit, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if value >= limit:
            return f"{value // limit} {unit}"
    return f"{value} s"
