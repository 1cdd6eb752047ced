"""The wheel: exactly the five packages, with templates, static files and migrations in them, and it starts."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"admin", "federation", "inbox", "node", "outbox"}
KINDS = {".py", ".html", ".txt", ".css", ".js", ".svg", ".png", ".mako", ".typed", ".xml", ".woff2", ""}

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as `python -m build` does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel as an installer lays it out."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(unpacked: Path, *arguments: str, **environ: str) -> str:
    """Run Python with the unpacked wheel and without this checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROOKERY_")}
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=unpacked.parent,
        env={**clean, "PYTHONPATH": str(unpacked), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def sources(*patterns: str) -> set[str]:
    """Return files of the checkout by their path."""
    return {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}


def test_its_top_level_names_are_the_five_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    (metadata,) = {name for name in names if name.endswith(".dist-info")}
    assert names - {metadata} == PACKAGES


def test_nothing_is_missing_and_nothing_strange_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    code = sources(*(f"{package}/**/*.py" for package in PACKAGES))
    static = sources("node/web/static/**/*")
    migrations = sources("node/base/db/migrations/versions/*.py")
    templates = sources("templates/**/*.html", "templates/**/*.txt")
    assert static
    assert migrations
    assert {"templates/layout.html", "templates/mail/confirm.txt"} <= templates
    assert code | static <= inside
    assert {f"node/web/{name}" for name in templates} <= inside
    assert {"node/base/db/migrations/env.py", "node/base/db/migrations/script.py.mako"} <= inside
    assert {Path(name).suffix for name in inside} <= KINDS
    assert not {name for name in inside if "__pycache__" in name or "/tests/" in name}


def test_it_finds_its_templates_and_compiles_each(unpacked: Path) -> None:
    code = (
        "from node.web.rendering import Pages, template_root\n"
        "pages = Pages()\n"
        "for name in pages.names(): pages.check(name)\n"
        "print(template_root())\n"
        "print(len(pages.names()))"
    )
    root, count = run(unpacked, "-c", code).splitlines()
    assert Path(root) == unpacked / "node" / "web" / "templates"
    assert int(count) == len(sources("templates/**/*.html"))


def test_it_makes_its_database(unpacked: Path, tmp_path: Path) -> None:
    """`rookery migrate` from the wheel runs every revision."""
    main = ("-c", "import sys; from admin.cli import main; sys.argv[0] = 'rookery'; main()")
    environ = {"ROOKERY_DATA_DIR": str(tmp_path), "ROOKERY_PUBLIC_URL": "http://localhost:8000"}
    newest = max(path.name for path in (ROOT / "node/base/db/migrations/versions").glob("0*.py"))[:4]
    assert newest in run(unpacked, *main, "migrate", **environ)
    assert (tmp_path / "rookery.sqlite3").stat().st_size > 0
    location = run(unpacked, "-c", "import admin, federation, inbox, node, outbox; print(node.__path__[0])")
    assert Path(location) == unpacked / "node"


def test_the_command_is_installed_under_its_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        text = archive.read(entry_points).decode()
    assert "[console_scripts]\nrookery = admin.cli:main" in text
