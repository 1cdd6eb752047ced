"""The `rookery` command, run in this process against a database of its own: the doors an operator uses."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from admin.cli import VERBS, main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a verb with its own data folder; `env` adds settings."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, input: str | None = None, **env: str) -> Result:
        given = {"ROOKERY_DATA_DIR": str(tmp_path / "data"), **env}
        return CliRunner().invoke(main, list(words), env=given, input=input, catch_exceptions=False)

    return call


@pytest.fixture
def prepared(run: Run) -> Run:
    """The same, with a migrated database."""
    assert run("migrate").exit_code == 0
    return run


def data(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_help_lists_every_verb(run: Run) -> None:
    output = run("--help").output
    assert all(verb in output for verb in VERBS)


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_explains_itself(run: Run, verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert len(result.output) > 60


def test_config_check_says_every_problem_at_once(run: Run) -> None:
    result = run("config", "check", ROOKERY_WORKERS="none", ROOKERY_BIND="8000", ROOKERY_COLOUR="teal")
    assert result.exit_code == 1
    for word in ("ROOKERY_WORKERS", "bind must be address:port", "ROOKERY_COLOUR: there is no such setting"):
        assert word in result.output


def test_config_check_names_problems_in_json(run: Run) -> None:
    result = run("config", "check", "--json", ROOKERY_PUBLIC_URL="social.example")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert "ROOKERY_PUBLIC_URL" in found["problems"][0]


def test_config_check_shows_no_secret(run: Run) -> None:
    secret = "an-operators-metrics-token"
    result = run("config", "check", "--json", ROOKERY_METRICS_TOKEN=secret)
    assert secret not in result.output
    assert json.loads(result.stdout)["settings"]["metrics_token"] == "(set)"


def test_a_file_of_settings_is_read_and_its_unknown_keys_are_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rookery.toml"
    file.write_text('site_name = "Nest"\n')
    assert json.loads(run("--config", str(file), "config", "check", "--json").stdout)["settings"]["site_name"] == "Nest"
    file.write_text("colour = 1\n")
    result = run("--config", str(file), "config", "check")
    assert result.exit_code == 1
    assert "there is no such setting" in result.output


def test_wrong_settings_stop_every_verb(run: Run) -> None:
    for words in (("up",), ("migrate",), ("token", "create", "ann")):
        result = run(*words, ROOKERY_WORKERS="none")
        assert result.exit_code == 1
        assert "ROOKERY_WORKERS" in result.output


def test_migrate_prepares_an_empty_database_and_may_run_again(run: Run) -> None:
    first = data(run("migrate", "--json"))
    assert first["before"] == ""
    again = data(run("migrate", "--json"))
    assert again["before"] == again["after"] == first["after"]


def test_an_account_is_made_with_a_password_that_is_printed_once(prepared: Run) -> None:
    made = data(prepared("account", "create", "ann", "--email", "ann@example.com", "--role", "admin", "--json"))
    assert made["handle"] == "@ann@localhost:8000"
    assert len(made["password"]) >= 12
    words = ("account", "create", "bo", "--email", "bo@example.com", "--password", "-", "--json")
    given = data(prepared(*words, input="long enough 7\n"))
    assert "password" not in given


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("account", "create", "an n", "--email", "x@example.com"), "sername"),
        (("account", "create", "cy", "--email", "nonsense"), "mail"),
        (("account", "create", "cy", "--email", "cy@example.com", "--password", "short"), "assword"),
        (("account", "create", "ann", "--email", "other@example.com"), "taken"),
        (("account", "suspend", "nobody"), "no account nobody"),
        (("account", "password", "nobody"), "no account nobody"),
        (("token", "create", "nobody"), "no account nobody"),
        (("token", "create", "ann", "--scopes", "read everything"), "scope"),
        (("domain", "block", "not a domain"), "domain"),
        (("domain", "block", "localhost:8000"), "our own"),
        (("worker", "--lanes", "relay,nonsense"), "there is no lane nonsense"),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_1(prepared: Run, words: tuple[str, ...], said: str) -> None:
    prepared("account", "create", "ann", "--email", "ann@example.com")
    result = prepared(*words)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_errors_are_json_where_json_was_asked_for(prepared: Run) -> None:
    result = prepared("account", "suspend", "nobody", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"error": "There is no account nobody here."}


def test_an_unprepared_database_is_said(run: Run) -> None:
    result = run("token", "create", "ann")
    assert result.exit_code == 1
    assert "rookery migrate" in result.output


def test_tokens_are_random_or_given(prepared: Run) -> None:
    prepared("account", "create", "ann", "--email", "ann@example.com")
    made = data(prepared("token", "create", "ann", "--scopes", "read write follow push", "--json"))
    assert len(made["access_token"]) >= 32
    given = prepared("token", "create", "ann", "--value", "test-bed-token-0123456789")
    assert given.stdout.strip() == "test-bed-token-0123456789"


def test_an_account_is_suspended_freed_and_deleted(prepared: Run) -> None:
    prepared("account", "create", "ann", "--email", "ann@example.com")
    assert data(prepared("account", "suspend", "ann", "--json"))["state"] == "suspended"
    assert data(prepared("account", "unsuspend", "ann", "--json"))["state"] == "active"
    refused = prepared("account", "delete", "ann", "--json")
    assert refused.exit_code == 1
    assert data(prepared("account", "delete", "ann", "--yes", "--json"))["state"] == "deleted"
    again = prepared("account", "create", "ann", "--email", "new@example.com")
    assert again.exit_code == 1, "the name of a deleted account is never given again (attack row 73)"


def test_a_password_is_changed(prepared: Run) -> None:
    prepared("account", "create", "ann", "--email", "ann@example.com")
    assert len(data(prepared("account", "password", "ann", "--json"))["password"]) >= 12


def test_domains_are_blocked_listed_and_freed(prepared: Run) -> None:
    assert data(prepared("domain", "block", "Bad.Example", "--comment", "spam", "--json"))["domain"] == "bad.example"
    (rule,) = data(prepared("domain", "list", "--json"))
    assert (rule["domain"], rule["severity"], rule["comment"]) == ("bad.example", "suspend", "spam")
    assert data(prepared("domain", "remove", "bad.example", "--json"))["removed"] is True
    assert data(prepared("domain", "list", "--json")) == []


def test_relays_are_joined_listed_and_left(prepared: Run) -> None:
    """DLV-10."""
    address = "https://relay.example/inbox"
    assert data(prepared("relay", "add", address, "--json"))["state"] == "pending"
    (relay,) = data(prepared("relay", "list", "--json"))
    assert relay == {"inbox": address, "style": "public", "state": "pending"}
    prepared("relay", "remove", address)
    assert data(prepared("relay", "list", "--json")) == []


def test_the_link_of_the_first_admin_is_made_only_while_there_is_none(prepared: Run) -> None:
    assert "/setup?token=" in data(prepared("account", "setup-link", "--json"))["url"]
    prepared("account", "create", "ann", "--email", "ann@example.com", "--role", "admin")
    assert data(prepared("account", "setup-link", "--json"))["url"] is None


def test_doctor_finds_what_is_wrong_and_says_what_to_do(prepared: Run) -> None:
    result = prepared("doctor", "--json", ROOKERY_PUBLIC_URL="http://127.0.0.1:9")
    found = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert found["database"]["verdict"] == "good"
    assert found["redis"]["verdict"] == "warning"
    assert found["own address"]["verdict"] == "warning"
    assert found["own address"]["advice"]


def test_doctor_fails_on_a_database_that_was_never_prepared(run: Run) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert "rookery migrate" in result.output


def test_a_worker_refuses_an_unknown_lane() -> None:
    from admin.worker import parse_lanes

    assert parse_lanes("relay, inbox,relay") == ("relay", "inbox")
    with pytest.raises(ValueError, match="lanes are"):
        parse_lanes(" , ")


def test_emoji_are_added_listed_imported_and_removed(prepared: Run, tmp_path: Path) -> None:
    """OBJ-6; row 83: an archive's names become shortcodes, never paths, and links in it are not followed."""
    from tests.unit.node.media.pictures import picture

    file = tmp_path / "rook.png"
    file.write_bytes(picture("PNG"))
    assert data(prepared("emoji", "add", ":rook:", str(file), "--category", "birds", "--json")) == {"shortcode": "rook"}
    refused = prepared("emoji", "add", "a b", str(file))
    assert refused.exit_code == 1
    assert "letters, digits" in refused.output
    pack = tmp_path / "pack.tar.gz"
    with tarfile.open(pack, "w:gz") as tape:
        tape.add(file, "../../../etc/crow.png")
        tape.add(file, "dir/not-a-shortcode.png")
        tape.add(file, "readme.txt")
        link = tarfile.TarInfo("passwd.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tape.addfile(link)
        large = tarfile.TarInfo("large.png")
        large.size = 300_000
        tape.addfile(large, io.BytesIO(bytes(300_000)))
    found = data(prepared("emoji", "import", str(pack), "--json"))
    assert found["added"] == ["crow"]
    assert set(found["skipped"]) == {"not-a-shortcode", "large"}
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        archive.write(file, "..\\..\\jay.png")
    assert data(prepared("emoji", "import", str(tmp_path / "pack.zip"), "--json"))["added"] == ["jay"]
    assert {row["shortcode"] for row in data(prepared("emoji", "list", "--json"))} == {"rook", "crow", "jay"}
    assert not (tmp_path.parent / "etc").exists()
    assert prepared("emoji", "remove", "crow").exit_code == 0
    gone = prepared("emoji", "remove", "crow")
    assert gone.exit_code == 1
    assert "no emoji :crow:" in gone.output
