"""Domain rules as CSV, in the columns that Mastodon writes and reads: lists travel between operators. Pure."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from node.base.errors import Invalid
from node.moderation.models import DomainPolicy
from node.moderation.rules import SEVERITIES

COLUMNS: Final = ("#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate")
MAX_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a list."""

    domain: str
    severity: str
    reject_media: bool = False
    reject_reports: bool = False
    public_comment: str = ""
    obfuscate: bool = False


def rules_as_csv(policies: Iterable[DomainPolicy], *, allowed: bool) -> str:
    """Return the limits as CSV, or with `allowed` the list of allowed domains."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if allowed:
        writer.writerow(COLUMNS[:1])
        writer.writerows([policy.domain] for policy in policies if policy.severity == "allow")
        return text.getvalue()
    writer.writerow(COLUMNS)
    writer.writerows(
        (
            policy.domain,
            policy.severity,
            _word(policy.reject_media),
            _word(policy.reject_reports),
            policy.public_comment,
            _word(policy.obfuscate),
        )
        for policy in policies
        if policy.severity != "allow"
    )
    return text.getvalue()


def rules_from_csv(text: str) -> list[Rule]:
    """Read a list. Without the column of severities it is a list of allowed domains. Raises Invalid."""
    lines = list(csv.reader(io.StringIO(text)))
    if not lines or not any(cell.strip().lstrip("#").lower() == "domain" for cell in lines[0]):
        raise Invalid("The first line of the file must name its columns, beginning with #domain")
    if len(lines) > MAX_ROWS:
        raise Invalid(f"The file has too many lines (at most {MAX_ROWS})")
    names = [cell.strip().lstrip("#").lower() for cell in lines[0]]
    rules = []
    for number, cells in enumerate(lines[1:], 2):
        row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        if not row.get("domain"):
            continue
        severity = row.get("severity", "" if "severity" in names else "allow").lower() or "noop"
        if severity not in SEVERITIES:
            raise Invalid(f"Line {number}: there is no severity {severity!r}")
        rules.append(
            Rule(
                domain=row["domain"],
                severity=severity,
                reject_media=_is_yes(row.get("reject_media", "")),
                reject_reports=_is_yes(row.get("reject_reports", "")),
                public_comment=row.get("public_comment", ""),
                obfuscate=_is_yes(row.get("obfuscate", "")),
            )
        )
    return rules


def _word(value: bool) -> str:
    return "true" if value else "false"


def _is_yes(word: str) -> bool:
    return word.lower() in {"true", "1", "yes", "t"}
