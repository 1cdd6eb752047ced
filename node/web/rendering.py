"""The Jinja environment of the web pages, and the addresses of their static files.

`Pages` is a value made once by the application factory and handed to the blueprints; it holds the compiled
templates and nothing of a request. What a template may count on in its context is listed at `Pages.render`.
Words and numbers are said by `words.py`, foreign HTML is cleaned by `markup.py`.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from node.base.template_files import template_root
from node.polls.rules import MAX_OPTION_LENGTH, MAX_OPTIONS
from node.web import filtering, markup, words

STATIC_ROOT = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages say about the node itself."""

    name: str
    domain: str
    description: str
    url: str
    max_post_length: int
    registrations: str = "open"
    contact: str = ""
    version: str = ""
    source_url: str = ""
    max_media: int = 4
    accepted_files: str = ""
    """What a file field offers, as its `accept` says it."""
    people: int = 0
    posts: int = 0


@dataclass(frozen=True, slots=True)
class Flash:
    """One message to show once on the next page; `kind` is `info`, `success` or `error`."""

    text: str
    kind: str = "info"


@lru_cache(maxsize=1)
def static_version() -> str:
    """Return a digest of all static files: the folder name under which browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC_ROOT.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return "v" + digest.hexdigest()[:10]


def static_url(path: str) -> str:
    """Return the address of a static file that changes whenever any of them does."""
    return f"/static/{static_version()}/{path}"


@lru_cache(maxsize=256)
def icon(name: str, css: str = "") -> Markup:
    """Return one icon of the sprite; it says nothing to a screen reader, so the control around it must."""
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        f"icon {css}".strip(), static_url("icons.svg"), name
    )


@pass_context
def _ago(context: Context, value: datetime | str | None) -> Markup:
    return words.time_tag(value, context["now"])


@pass_context
def _from_now(context: Context, value: datetime | str | None) -> Markup:
    return words.from_now(value, context["now"])


@pass_context
def _handle(context: Context, account: Mapping[str, Any]) -> str:
    return words.handle(account, context["site"].domain)


def _name(account: Mapping[str, Any]) -> Markup:
    """The display name as HTML, with emoji, kept from leaking its writing direction into the line."""
    shown = markup.with_emoji(str(escape(words.shown_name(account))), account.get("emojis") or ())
    return Markup("<bdi>{}</bdi>").format(shown)


def _html(content: object, emojis: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """A bio or a field's value: HTML by others, cleaned."""
    return markup.with_emoji(markup.clean_html(str(content or "")), emojis)


def _emojify(text: object, emojis: Sequence[Mapping[str, Any]] = ()) -> Markup:
    return markup.with_emoji(str(escape(text or "")), emojis)


class Pages:
    """Draw pages from templates."""

    def __init__(self) -> None:
        """Find the templates; each is compiled when it is first drawn, unless `compile` was faster, and then kept."""
        environment = Environment(
            loader=FileSystemLoader(template_root()),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals.update(
            icon=icon,
            static_url=static_url,
            nonce=lambda: secrets.token_urlsafe(12),
            blur_cells=markup.blur_cells,
            visibilities=words.VISIBILITIES,
            languages=words.LANGUAGES,
            quote_policies=words.QUOTE_POLICIES,
            poll_lengths=words.POLL_LENGTHS,
            poll_options=MAX_OPTIONS,
            poll_option_length=MAX_OPTION_LENGTH,
        )
        environment.filters.update(
            ago=_ago,
            from_now=_from_now,
            full_time=lambda value: words.time_tag(value, datetime.now(UTC), full=True),
            day=words.day,
            compact=words.compact,
            plural=words.plural,
            filesize=words.filesize,
            duration=words.duration,
            handle=_handle,
            name=_name,
            shown_name=words.shown_name,
            account_path=words.account_path,
            post_path=words.post_path,
            html=_html,
            post_html=markup.post_html,
            emojify=_emojify,
            plain=markup.plain_text,
            links_of=markup.links_of,
            verdict=filtering.verdict,
            not_hidden=filtering.not_hidden,
            with_media_covered=filtering.with_media_covered,
            safe_url=markup.safe_url,
        )
        self._environment = environment

    def names(self) -> list[str]:
        """Return every template there is."""
        return self._environment.list_templates(extensions=["html"])

    def check(self, template: str) -> None:
        """Compile a template. Raises jinja2.TemplateError when it cannot be."""
        self._environment.get_template(template)

    def compile(self) -> None:
        """Compile all templates, which takes a second. For a thread: whoever comes meanwhile goes on."""
        for name in self.names():
            self.check(name)

    def render(self, template: str, *, site: Site, now: datetime, **context: Any) -> str:
        """Draw `template`.

        Always set: `site`, `now`, `viewer` (account dict or None), `csrf_token`, `theme` (auto, light, dark),
        `flash` (messages), `path` (of this request, for marking the place in the navigation), `badges`
        (`notifications`, `requests`, `messages` counts), `announcements`, `rail_tags`,
        `is_admin`, `errors` and `form` (of a refused form), `next_url`
        and `prev_url`. The caller's `context` wins over these defaults.
        """
        base: dict[str, Any] = {
            "viewer": None,
            "csrf_token": "",
            "theme": "auto",
            "flash": (),
            "path": "/",
            "badges": {"notifications": 0, "requests": 0, "messages": 0},
            "announcements": (),
            "rail_tags": (),
            "is_admin": False,
            "errors": {},
            "form": {},
            "next_url": None,
            "prev_url": None,
        }
        return self._environment.get_template(template).render({**base, **context, "site": site, "now": now})
