"""The wheel has exactly the five packages, with templates, static files and migrations, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_its_top_level_names_are_the_five_packages(names: list[str]) -> None:
    top = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert top == {"node", "federation", "inbox", "outbox", "admin"}


def test_it_carries_what_the_program_reads(names: list[str]) -> None:
    inside = set(names)
    assert "node/web/templates/layout.html" in inside
    assert "node/web/templates/admin/overview.html" in inside
    assert "node/base/db/migrations/env.py" in inside
    assert "node/base/db/migrations/script.py.mako" in inside
    assert any(name.startswith("node/base/db/migrations/versions/0001") for name in inside)
    assert any(name.startswith("node/web/static/css/") for name in inside)


def test_it_carries_nothing_else(names: list[str]) -> None:
    kinds = {Path(name).suffix for name in names if ".dist-info/" not in name}
    assert kinds <= {".py", ".html", ".txt", ".css", ".js", ".svg", ".png", ".mako", ".typed", ".xml", ".woff2", ""}
    assert not [name for name in names if "/tests/" in name or name.endswith((".sqlite3", ".pyc"))]
