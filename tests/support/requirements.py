"""Which test holds which requirement of the protocol, and which row of the attack catalogue.

A test names what it holds in its own name (`test_sig_23_...`, `test_row_35_...`) or in its docstring, or its module's
docstring does for all of it. `make requirements` writes what is found to `docs/federation-requirements.md`;
`tests/unit/test_requirements.py` fails where something is held by no test, or the page names what is not there.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "federation-requirements.md"
SHOWN: Final = 3

REQUIREMENTS: Final[dict[str, tuple[str, str]]] = {
    id_: (priority, text)
    for id_, priority, text in (
        line.split(" ", 2)
        for line in """
GEN-1 P0 any property in any shape
GEN-2 P0 lists where lists are expected, single values where not
GEN-3 P0 keys left out rather than empty
GEN-4 P0 plain JSON; contexts are never fetched
GEN-5 P1 documents written in full are shortened by our own vocabulary
GEN-6 P0 limits of size, depth and length
GEN-7 P0 ids that last
GEN-8 P0 dates in and out
DISC-1 P0 WebFinger answers
DISC-2 P0 handles of another domain than the host
DISC-3 P0 looking up others by WebFinger
DISC-4 P0 handles are verified both ways
DISC-5 P1 host-meta
DISC-6 P0 NodeInfo
DISC-7 P1 NodeInfo tells the truth and decides nothing
DISC-8 P0 the server's own actor
DISC-9 P2 the server found by WebFinger
DISC-10 P0 content negotiation
DISC-11 P1 from a pasted URL to the object
ACT-1 P0 actor documents
ACT-2 P0 their context
ACT-3 P0 reading actors
ACT-4 P1 discoverable, indexable, memorial, suspended
ACT-5 P1 profile changes
ACT-6 P1 stale actors are read again
ACT-7 P1 Multikeys
ACT-8 P1 verified links
SIG-1 P0 draft-cavage signatures out
SIG-2 P0 the signing string
SIG-3 P0 nothing that breaks older verifiers
SIG-4 P0 signatures in, as everybody writes them
SIG-5 P0 what must be covered
SIG-6 P0 the digest of the body
SIG-7 P0 the window of time
SIG-8 P0 query strings
SIG-9 P0 replays
SIG-10 P1 RFC 9421 out
SIG-11 P0 RFC 9421 in
SIG-12 P1 Ed25519 for requests
SIG-13 P0 double knock and memory per host
SIG-14 P0 from key id to key and owner
SIG-15 P0 cached and rotated keys
SIG-16 P0 keys that are gone
SIG-17 P0 strangers that take leave
SIG-18 P0 signed fetches
SIG-19 P1 who may fetch from us
SIG-20 P0 no requests to private addresses
SIG-21 P1 LD signatures are nothing
SIG-22 P1 integrity proofs
SIG-23 P0 when an activity counts
OBJ-1 P0 posts out
OBJ-2 P0 text and language in
OBJ-3 P0 content warnings
OBJ-4 P0 mentions
OBJ-5 P0 hashtags
OBJ-6 P1 custom emoji
OBJ-7 P0 attachments
OBJ-8 P1 articles, films, events
OBJ-9 P1 polls
OBJ-10 P1 votes
OBJ-11 P1 edits
OBJ-12 P1 quotes in every form
OBJ-13 P1 asking to quote
OBJ-14 P1 being asked
OBJ-15 P1 stamps of quotes
OBJ-16 P1 interaction policies
OBJ-17 P1 threads
OBJ-18 P2 links to objects
AUD-1 P0 audiences out
AUD-2 P0 audiences in
AUD-3 P0 who reads a delivery
AUD-4 P0 nothing becomes more visible
ACV-1 P0 Follow, Accept, Reject
ACV-2 P0 Undo
ACV-3 P0 Create
ACV-4 P0 Delete
ACV-5 P0 Like, Announce
ACV-6 P1 reactions
ACV-7 P1 Block
ACV-8 P1 Add, Remove
ACV-9 P1 unknown types
ACV-10 P2 collections of FEP-7aa9
INB-1 P0 the inbox
INB-2 P0 its answers
INB-3 P0 each activity once
INB-4 P0 the rule of origins
INB-5 P0 the rule of fetching
INB-6 P0 what is of interest
INB-7 P0 ancestors
INB-8 P1 forwarding
INB-9 P1 any order
INB-10 P1 old posts are no news
COL-1 P0 collections
COL-2 P0 outbox
COL-3 P0 followers and following
COL-4 P1 featured, likes, shares
COL-5 P1 replies
COL-6 P1 contexts
COL-7 P1 threads are completed
COL-8 P1 accounts are completed
COL-9 P1 followers' digests out
COL-10 P1 followers' digests in
DLV-1 P0 recipients
DLV-2 P0 durable deliveries
DLV-3 P0 what an answer means
DLV-4 P0 retries
DLV-5 P0 hosts that are away
DLV-6 P0 order
DLV-7 P1 limits, Retry-After
DLV-8 P0 redirects
DLV-9 P1 herds
DLV-10 P1 relays
DLV-11 P2 relays of LitePub
MOV-1 P1 moving in
MOV-2 P1 moving out
MOD-1 P0 deletion and suspension
MOD-2 P0 rules for domains
MOD-3 P1 reports
MOD-4 P1 somebody blocks a domain
FEP-1 P1 consent to be found in search
FEP-2 P1 consent to be listed
FEP-3 P1 FEDERATION.md
FEP-4 P2 interaction from the visitor's home
FEP-5 P1 terms of Mastodon's vocabulary
FEP-6 P1 adopted FEPs
QRK-1 P0 nothing hangs on a software's name
QRK-2 P1 fixtures after every software
QRK-3 P1 tried against other software
""".strip().splitlines()
    )
}

ROWS: Final[dict[str, tuple[int, ...]]] = {
    "signatures": (1, 2, 3, 5, 6, 7, 9, 10),
    "keys": (11, 13, 14, 15),
    "origins": (17, 18, 19, 21, 22, 23),
    "embedded objects": (25, 26),
    "JSON": (27, 29, 30, 31),
    "LD signatures, proofs": (33, 34),
    "owners": (35, 37, 38, 39, 41, 42, 43, 45, 46),
    "blocks": (47, 49),
    "loops": (50, 51, 53, 54),
    "denial of service": (55, 57, 58, 59),
    "addresses": (61, 62, 63, 65, 66, 67, 69),
    "WebFinger, names": (70, 71, 73, 74),
    "leaks": (106, 107),
    "jobs, races": (114, 115),
}
"""The rows of the catalogue in the classes that concern the wire."""

NOT_BUILT: Final = {
    "FEP-4": "remote interaction is not built",
}
"""What no test can hold yet, and why."""

_AREAS = "GEN|DISC|ACT|SIG|OBJ|AUD|ACV|INB|COL|DLV|MOV|MOD|FEP|QRK"
_RANGE = re.compile(rf"\b({_AREAS})-(\d+)(?: to |…|–)(?:{_AREAS})-(\d+)\b")
_ID = re.compile(rf"\b({_AREAS})-(\d+)(?![0-9a-z])")
_ID_IN_NAME = re.compile(rf"(?<![a-z])({_AREAS.lower()})_(\d+)(?=_|$)")
_ROWS_IN_TEXT = re.compile(r"\b[Rr]ows? (\d+(?:(?:, and |, | and | to )\d+)*)")
_ROWS_IN_NAME = re.compile(r"(?<![a-z])rows?_(\d+(?:_(?:and|to)_\d+)*)")


@dataclass(frozen=True, slots=True)
class Held:
    """A test, or a module of tests (`name` empty), that names something."""

    path: str
    name: str


def collect() -> dict[str, list[Held]]:
    """Return what names each requirement (`SIG-7`) and row (`row 35`)."""
    found: dict[str, list[Held]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        place = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for key in set(_keys("", ast.get_docstring(tree) or "")):
            found.setdefault(key, []).append(Held(place, ""))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                for key in set(_keys(node.name, ast.get_docstring(node) or "")):
                    found.setdefault(key, []).append(Held(place, node.name))
    return found


def _keys(name: str, text: str) -> Iterator[str]:
    text = " ".join(text.split())
    for area, first, last in _RANGE.findall(text):
        yield from (f"{area}-{number}" for number in range(int(first), int(last) + 1))
    for area, number in (*_ID.findall(text), *_ID_IN_NAME.findall(name)):
        yield f"{area.upper()}-{number}"
    for numbers in (*_ROWS_IN_TEXT.findall(text), *(found.replace("_", " ") for found in _ROWS_IN_NAME.findall(name))):
        yield from (f"row {number}" for number in _numbers(numbers))


def _numbers(text: str) -> Iterator[int]:
    for part in re.split(r", and |, | and ", text):
        first, _, last = part.partition(" to ")
        yield from range(int(first), int(last or first) + 1)


def render(found: dict[str, list[Held]]) -> str:
    """Return the page."""
    lines = [
        "# Requirements and their tests",
        "",
        "Written by `make requirements` from the names and docstrings of the tests; of many tests three are named.",
        "P0 is what nothing federates without, P1 what people need, P2 what may come later.",
        "",
        "| id | | what | held by |",
        "| --- | --- | --- | --- |",
    ]
    for id_, (priority, text) in REQUIREMENTS.items():
        lines.append(f"| {id_} | {priority} | {text} | {_cell(id_, found)} |")
    lines += ["", "## Rows of the attack catalogue", "", "| kind | row | held by |", "| --- | --- | --- |"]
    for kind, rows in ROWS.items():
        lines += [f"| {kind} | {row} | {_cell(f'row {row}', found)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(key: str, found: dict[str, list[Held]]) -> str:
    held = sorted(found.get(key, []), key=lambda one: (not one.name, key.lower().replace("-", "_") not in one.name))
    if not held:
        return NOT_BUILT.get(key, "nothing")
    shown = [f"[{one.name or Path(one.path).stem}](../{one.path})" for one in held[:SHOWN]]
    rest = f", and {len(held) - SHOWN} more" if len(held) > SHOWN else ""
    return ", ".join(shown) + rest


if __name__ == "__main__":
    PAGE.write_text(render(collect()), encoding="utf-8")
