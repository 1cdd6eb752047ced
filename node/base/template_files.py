"""Where the templates of pages and mails lie: beside the packages in a checkout, inside `node/web` in a wheel."""

from pathlib import Path

_NODE = Path(__file__).resolve().parents[1]


def template_root() -> Path:
    """Return the folder of the templates."""
    packed = _NODE / "web" / "templates"
    return packed if packed.is_dir() else _NODE.parent / "templates"
