"""Letters: which kinds there are and how one becomes a message. Pure, but for the templates it reads.

A slice registers the composer of a kind:

    @letter("confirm")
    async def compose_confirmation(occasion: Occasion) -> Letter | None: ...

It runs in a transaction of its own right before the letter goes out and may make the one-time link that the letter
carries. None says that there is nobody to write to (any more). A letter's words stand in `templates/mail/<kind>.txt`
and `<kind>.html`, unless it names others.

Headers are made by the standard library's EmailMessage, which refuses a line break in a header, and an address is
checked once more before it becomes one (attack row 101).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from node.base.db.unit_of_work import UnitOfWork
from node.base.settings import Settings
from node.base.template_files import template_root
from node.mail.models import OutgoingMail

_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f-\uffff]{1,64}@[A-Za-z0-9.-]{1,253}")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a composer works with. It may write, and does not commit."""

    uow: UnitOfWork
    settings: Settings
    mail: OutgoingMail
    now: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said, and to which address. `context` goes to the templates, named `template` or as the kind."""

    to: str
    subject: str
    context: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, such as how to get no more of the kind."""
    template: str = ""


Composer = Callable[[Occasion], Awaitable[Letter | None]]

COMPOSERS: dict[str, Composer] = {}


def letter(kind: str) -> Callable[[Composer], Composer]:
    """Register the decorated coroutine as the composer of letters of `kind`."""

    def register(composer: Composer) -> Composer:
        assert kind not in COMPOSERS or COMPOSERS[kind].__qualname__ == composer.__qualname__, kind
        COMPOSERS[kind] = composer
        return composer

    return register


def is_address(text: str) -> bool:
    """Whether a mail program can read exactly one address in this, and nothing else (row 101)."""
    return len(text) <= 320 and _ADDRESS.fullmatch(text) is not None


def sender_of(settings: Settings) -> str:
    """Return the address in From and in the envelope: `mail_from`, else noreply at our host."""
    return settings.mail_from or f"noreply@{urlsplit(settings.public_url).hostname or 'localhost'}"


def message_of(written: Letter, *, kind: str, mail_id: int, settings: Settings, now: datetime) -> EmailMessage:
    """Return the message. Raises ValueError for an address or subject that cannot stand in a header.

    Its id is the row's: a mail that is sent twice, because we were killed in between, is seen to be one.
    """
    if not is_address(written.to):
        raise ValueError("not an address")
    context = {"site": settings.site_name, "url": settings.public_url, "domain": settings.domain, **written.context}
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=" ".join(settings.site_name.split()), addr_spec=sender_of(settings))
    message["To"] = Address(addr_spec=written.to)
    message["Subject"] = written.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail_id}@{urlsplit(settings.public_url).hostname or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    for name, value in written.headers.items():
        message[name] = value
    name = written.template or kind
    message.set_content(_templates().get_template(f"mail/{name}.txt").render(context))
    message.add_alternative(_templates().get_template(f"mail/{name}.html").render(context), subtype="html")
    return message


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(template_root()),
        autoescape=select_autoescape(("html",), default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
