"""Which Python a node is run on, where there are several."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from admin import python_build
from admin.doctor import check_python

ROOT = Path(__file__).parents[3]
NEW_ENOUGH = '#!/bin/sh\n[ "$1" = -c ]\n'
"""A Python that is of a version that will do, and no more."""
SERVES_WELL = "#!/bin/sh\nexit 0\n"
TOO_OLD = "#!/bin/sh\nexit 1\n"
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """This Python as if it had been built with such arguments below such a prefix."""
    prefix, arguments = request.param
    monkeypatch.setattr(python_build.sys, "base_prefix", prefix)
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": arguments}.get)


@pytest.mark.parametrize(
    ("built", "verdict"),
    [
        (("/root/.pyenv/versions/3.12.1", "'--prefix=/root/.pyenv/versions/3.12.1' '--enable-shared'"), "warning"),
        (("/usr/local", "'--enable-optimizations' '--with-lto'"), "good"),
        (("/usr", "'--enable-shared' '--prefix=/usr'"), "good"),
        (("/opt/python", None), "warning"),
    ],
    indirect=["built"],
)
@pytest.mark.usefixtures("built")
def test_doctor_says_when_a_python_is_slower_than_it_could_be(verdict: str) -> None:
    check = check_python()
    assert check.verdict == verdict
    assert bool(check.advice) == (verdict == "warning")


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3.12": NEW_ENOUGH, "python3.11": SERVES_WELL}, "python3.11"),
        ({"python3.12": NEW_ENOUGH, "system/python3.11": SERVES_WELL}, "system/python3.11"),
        ({"python3.12": SERVES_WELL, "system/python3.12": SERVES_WELL}, "python3.12"),
        ({"python3.13": SERVES_WELL, "system/python3.11": SERVES_WELL}, "system/python3.11"),
        ({"python3.12": TOO_OLD, "python3": NEW_ENOUGH}, "python3"),
    ],
)
def test_make_takes_the_one_that_serves_best(tmp_path: Path, there: dict[str, str], taken: str) -> None:
    (tmp_path / "system").mkdir()
    for name, script in (dict.fromkeys(NAMES, TOO_OLD) | there).items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    command = ["make", "-n", "/nowhere/made", "VENV=/nowhere", f"SYSTEM={tmp_path}/system"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    would = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    (made,) = [line.strip() for line in would.splitlines() if line.endswith("-m venv /nowhere")]
    assert made.removeprefix(f"{tmp_path}/") == f"{taken} -m venv /nowhere"
