"""What stands before every form: same-site paths only, refusals beside their field."""

import pytest

from node.base.errors import Invalid
from node.web.forms import Form, errors_of
from node.web.visitors import safe_path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.test",
        "/\\evil.test",
        "/\\/evil.test",
        "\\\\evil.test",
        "https://evil.test/",
        "javascript:alert(1)",
        "/\t/evil.test",
        "/x\r\nSet-Cookie: a=b",
        "evil.test",
        "",
        None,
        "/" + "x" * 5000,
    ],
)
def test_no_open_redirect(path: str | None) -> None:
    """Attacks row 103."""
    assert safe_path(path, "/home") == "/home"


@pytest.mark.parametrize("path", ["/home", "/@bo@far.example/12?x=1#post", "/tags/%D9%84"])
def test_paths_of_ours_are_kept(path: str) -> None:
    assert safe_path(path) == path


def test_refusals_are_sentences_beside_their_field() -> None:
    problem = Invalid(fields={"username": ["is reserved"], "media_ids": ["Cannot attach more than 4 files"]})
    assert errors_of(problem, rename={"media_ids": "media"}) == {
        "username": "The user name is reserved.",
        "media": "Cannot attach more than 4 files.",
    }
    assert errors_of(Invalid("No.")) == {"form": "No."}


def test_what_was_typed_comes_back_without_secrets() -> None:
    form = Form({"text": ["a\r\nb\x00"], "password": ["x"], "csrf_token": ["y"], "media_ids": ["1", "2", "1", "z"]}, {})
    assert form.typed() == {"text": "a\nb", "media_ids": "1"}
    assert form.ids("media_ids") == [1, 2]
