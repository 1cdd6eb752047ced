"""No behaviour here hangs on what a peer calls its software (QRK-1): only on what its documents and answers say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("federation", "inbox", "outbox", "node", "admin")
NAMES = re.compile(
    r"(?<![A-Za-z])(mastodon|glitch|hometown|gotosocial|pleroma|akkoma|misskey|sharkey|iceshrimp|firefish|lemmy|piefed|mbin"
    r"|kbin|peertube|takah[eē]|pixelfed|wordpress|bridgy|friendica|snac|writefreely|mobilizon|gancio|nodebb|discourse"
    r"|hubzilla|mitra|fedify)(?![A-Za-z])",
    re.I,
)
WORDS_OF_THE_WIRE = (
    "_misskey_",
    "misskey:",
    "lemmy:",
    "https://misskey-hub.net/ns#",
    "https://gotosocial.org/ns#",
    "https://join-lemmy.org/ns#",
    "/pleroma/statuses/",
    "pleroma:emoji_reaction",
    "Mastodon-Async-Refresh",
)
"""Names of properties, vocabularies and routes that everybody uses, whoever made them up."""
KEYS = {
    "federation/vocabulary.py": {"misskey"},
    "node/posts/assembling.py": {"pleroma"},
    "node/posts/views.py": {"pleroma"},
    "node/site/views.py": {"mastodon"},
    "node/accounts/rules.py": {"mastodon"},
}
"""A prefix in a `@context`, members of the apps' JSON, and a reserved user name."""


def strings_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the string literals of a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def test_qrk_1_no_literal_names_a_software() -> None:
    """QRK-1: what is not a word of the wire may not be compared with."""
    found = []
    for path in (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))):
        place = str(path.relative_to(ROOT))
        for line, text in strings_of(path):
            rest = text
            for word in WORDS_OF_THE_WIRE:
                rest = rest.replace(word, "")
            if NAMES.search(rest) and rest not in KEYS.get(place, set()):
                found.append(f"{place}:{line}: {text[:80]!r}")
    assert found == []


def test_qrk_1_nodeinfo_decides_nothing() -> None:
    """QRK-1, DISC-7: who reads a peer's NodeInfo shows it, in the inspection and nowhere else."""
    readers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts and any(text == "software" for _, text in strings_of(path))
    }
    assert readers <= {"federation/writing/wellknown.py", "outbox/peers.py", "admin/inspection/identity.py"}
