"""Settings: typed, all problems at once, unsafe combinations refused."""

from pathlib import Path

import pytest

from node.base.settings import Settings, SettingsError, load_settings


def test_defaults_stand_without_any_setting() -> None:
    settings = load_settings({})
    assert settings.public_url == "http://localhost:8000"
    assert settings.domain == settings.web_host == "localhost:8000"
    assert settings.max_post_length == 280
    assert settings.confirms_email is False


def test_every_problem_is_reported_together() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"ROOKERY_WORKERS": "many", "ROOKERY_COLOUR": "blue", "ROOKERY_REGISTRATIONS": "maybe"})
    text = str(caught.value)
    assert "ROOKERY_WORKERS: must be a whole number" in text
    assert "ROOKERY_COLOUR: there is no such setting" in text
    assert "ROOKERY_REGISTRATIONS: must be one of" in text


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ROOKERY_PUBLIC_URL": "social.example"}, "scheme, host"),
        ({"ROOKERY_PUBLIC_URL": "https://social.example/path"}, "scheme, host"),
        ({"ROOKERY_HANDLE_DOMAIN": "https://example.com"}, "must be a domain"),
        ({"ROOKERY_TLS_CERT": "/nowhere.pem"}, "belong together"),
        ({"ROOKERY_BIND": "8000"}, "address:port"),
        ({"ROOKERY_PUBLIC_URL": "https://a.example", "ROOKERY_INSECURE_PEERS": "10.0.0.0/8"}, "insecure_peers"),
        ({"ROOKERY_EMAIL_CONFIRMATION": "on"}, "smtp_url is not set"),
        ({"ROOKERY_DATABASE_URL": "mysql://x"}, "database_url must start with"),
        ({"ROOKERY_METRICS_TOKEN": "short"}, "at least 16"),
        ({"ROOKERY_INSECURE_PEERS": "everything"}, "ROOKERY_INSECURE_PEERS"),
    ],
)
def test_unusable_settings_are_refused(environ: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(environ)


def test_a_domain_may_carry_a_port() -> None:
    settings = load_settings({"ROOKERY_PUBLIC_URL": "http://127.0.0.2:8001"})
    assert settings.domain == "127.0.0.2:8001"
    assert load_settings({"ROOKERY_PUBLIC_URL": "https://social.example:443"}).domain == "social.example"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rookery.toml"
    file.write_text('site_name = "From the file"\nworkers = 3\n')
    settings = load_settings({"ROOKERY_SITE_NAME": "From outside", "ROOKERY_CONFIG": str(file)})
    assert settings.site_name == "From outside"
    assert settings.workers == 3


def test_an_unknown_key_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rookery.toml"
    file.write_text("worker = 3\n")
    with pytest.raises(SettingsError, match="no such setting"):
        load_settings({}, file=file)


def test_handles_may_live_on_another_domain() -> None:
    """DISC-2: split domain."""
    settings = Settings(public_url="https://social.example", handle_domain="example.com")
    assert settings.domain == "example.com"
    assert settings.local_domains == {"example.com", "social.example"}
