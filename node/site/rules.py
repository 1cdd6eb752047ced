"""What operators may write about the node, and what it says of itself until they did. Pure."""

from datetime import datetime
from typing import Final, Literal, get_args

from node.base.errors import Invalid

PageName = Literal["about", "privacy", "terms"]
PAGES: Final[tuple[PageName, ...]] = get_args(PageName)

MAX_RULES: Final = 100
MAX_RULE: Final = 300
MAX_HINT: Final = 1_000
MAX_PAGE: Final = 50_000

WRITTEN_AT: Final = datetime.fromisoformat("2026-11-21T00:00:00+00:00")
"""When the text below was written."""
DEFAULT_PRIVACY: Final = """\
## What is kept

* Your account: the name, the profile you write, your e-mail address, and your password as a hash.
* What you post, like, boost, bookmark, follow, block and mute, until you delete it or your account.
* For each browser and app that is signed in: its name, the address it signed in from and when it was last used.
* Requests are logged with their address for a short while, to keep the server running and safe.

## Who can see it

Public posts can be read by anybody and are sent to the servers of the people who follow you; what those servers do \
with them is up to the people who run them. Posts for followers and direct posts are sent to the servers of the people \
they are for. They are not encrypted: whoever runs one of those servers, or this one, could read them.

## What is done with it

It is used to run this service and for nothing else. There is no advertising and no analysis of what you do, nothing \
is sold, and the pages load nothing from other hosts. One cookie keeps you signed in.

## What you can do

You can change or delete your posts and your profile at any time, and delete your account in the settings. Other \
servers are then asked to delete their copies.
"""


def checked_rule(text: str, hint: str) -> tuple[str, str]:
    """Return a rule and its explanation as they are kept. Raises Invalid."""
    text, hint = " ".join(text.split()), hint.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid(fields={"text": ["The rule is missing."]})
    if len(text) > MAX_RULE:
        raise Invalid(fields={"text": [f"The rule is too long (at most {MAX_RULE} characters)."]})
    if len(hint) > MAX_HINT:
        raise Invalid(fields={"hint": [f"The explanation is too long (at most {MAX_HINT} characters)."]})
    return text, hint


def checked_page(name: str, text: str) -> tuple[PageName, str]:
    """Return a page's name and text as they are kept. Raises Invalid."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(text) > MAX_PAGE:
        raise Invalid(fields={name: [f"The text is too long (at most {MAX_PAGE} characters)."]})
    for known in PAGES:
        if name == known:
            return known, text
    raise Invalid(f"There is no page of that name. There are: {', '.join(PAGES)}.")
