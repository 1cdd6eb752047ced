"""The papers for operators say what the code does: settings, verbs, limits, FEPs, files of the repository."""

import re
from pathlib import Path

import pytest

from admin.cli import VERBS
from admin.commands.config import settings_table
from federation import vocabulary
from node.base.work import LANES

ROOT = Path(__file__).parents[3]
PACKAGES = ("federation", "node", "inbox", "outbox", "admin")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_has_every_setting() -> None:
    """Mend with: rookery config table."""
    assert settings_table() in read("README.md")


@pytest.mark.parametrize("verb", list(VERBS))
def test_the_readme_names_every_verb(verb: str) -> None:
    assert f"`{verb}" in read("README.md")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_readme_names_every_package(package: str) -> None:
    assert f"| `{package}/` |" in read("README.md")


@pytest.mark.parametrize("lane", LANES)
def test_the_guide_names_every_lane(lane: str) -> None:
    assert f"`{lane}`" in read("docs/operators-guide.md")


def test_every_fep_named_in_the_code_is_listed() -> None:
    """FEP-3: FEDERATION.md lists what is implemented."""
    listed = set(re.findall(r"FEP-([0-9a-f]{4})", read("FEDERATION.md")))
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for number in re.findall(r"FEP-([0-9a-f]{4})\b", path.read_text(encoding="utf-8")):
                assert number in listed, f"{path}: FEP-{number} is not in FEDERATION.md"


ADOPTED = "67ff f1d5 0151 2c59 5feb 521a 8fcf 044f e232 c0e0 7888 f228 d556 8b32 fe34 844e 1b12"


@pytest.mark.parametrize("number", ADOPTED.split())
def test_fep_6_every_adopted_fep_is_listed(number: str) -> None:
    """FEP-6: with its link."""
    assert f"fep/{number}/fep-{number}.md)" in read("FEDERATION.md")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("MAX_DEPTH", "| depth of JSON | {} |"),
        ("MAX_NAME", "| display name | {} characters |"),
        ("MAX_BIO", "| bio | {} characters |"),
        ("MAX_ALIASES", "| aliases | {} |"),
        ("MAX_KEYS", "| keys of an actor | {} |"),
        ("MAX_USERNAME", "| user name | {} characters |"),
        ("MAX_CONTENT", "| text of a post | {} characters |"),
        ("MAX_WARNING", "| content warning | {} characters |"),
        ("MAX_DESCRIPTION", "| description of an attachment | {} characters |"),
        ("MAX_ATTACHMENTS", "| attachments of a post | {} |"),
        ("MAX_TAGS", "| tags of a post | {} |"),
        ("MAX_RECIPIENTS", "| recipients in `to` and in `cc` | {} each |"),
    ],
)
def test_the_limits_are_those_of_the_code(name: str, shown: str) -> None:
    """GEN-6."""
    assert shown.format(f"{getattr(vocabulary, name):,}".replace(",", " ")) in read("FEDERATION.md")


def test_every_file_the_papers_link_to_is_there() -> None:
    for name in ("README.md", "FEDERATION.md", "CHANGELOG.md", "docs/operators-guide.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", read(name)):
            if "://" not in target:
                assert (ROOT / name).parent.joinpath(target).exists(), f"{name} links to {target}"


def test_the_container_files_hold_no_secret() -> None:
    """What stands where a password may stand is a path, a variable, or made at the first start."""
    for path in (ROOT / "docker").iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.search(r"(?i)\b\w*(?:password|token)\w*\s*[:=]\s*(\S+)", line)
            if found and not line.lstrip().startswith("#"):
                assert re.match(r"[\"']?[/$]", found[1]), f"{path.name}: {line}"
            for inside in re.findall(r"://[^/\s:@]+:([^@\s]+)@", line):
                assert inside.startswith("$"), f"{path.name}: {line}"


def test_the_proxies_keep_the_figures_to_themselves() -> None:
    assert "respond /metrics 404" in read("docker/Caddyfile")
    assert "location = /metrics" in read("docker/nginx.conf")
