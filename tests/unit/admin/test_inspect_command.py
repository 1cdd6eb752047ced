"""`rookery inspect` as an operator runs it: words, JSON, exit code. What the steps find is in tests/federation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from admin.cli import main
from tests.support.nodes import database_template

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb against a fresh database."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(database_template(), tmp_path / "data" / "rookery.sqlite3")

    def call(*words: str) -> Result:
        env = {"ROOKERY_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "100"}
        return CliRunner().invoke(main, list(words), env=env, catch_exceptions=False)

    return call


def test_inspect_says_each_step_and_its_exit_code(run: Run) -> None:
    """A blocked domain: exit code 1, in words and as JSON, and nothing is sent anywhere."""
    assert run("domain", "block", "bad.example", "--comment", "spam").exit_code == 0
    plain = run("inspect", "@eve@bad.example")
    assert plain.exit_code == 1
    assert "blocked here" in plain.stdout
    assert "rookery domain remove bad.example" in " ".join(plain.stdout.split())
    assert "1 step needs a change: Policy." in plain.stdout
    found = json.loads(run("inspect", "bad.example", "--json").stdout)
    assert found["ok"] is False
    verdicts = {step["name"]: step["verdict"] for step in found["steps"]}
    assert (verdicts["spelling"], verdicts["policy"], verdicts["connection"]) == ("ok", "problem", "skipped")


def test_inspect_of_nonsense(run: Run) -> None:
    result = run("inspect", "not a handle", "--json")
    assert result.exit_code == 1
    assert [step["name"] for step in json.loads(result.stdout)["steps"]] == ["spelling"]
