"""`rookery emoji ...`: the custom emoji that the people of this node may use."""

import asyncio
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final

import click

from admin.commands.console import answers, emit, fail, json_option, prepared_settings
from node.base.runtime import running

if TYPE_CHECKING:
    from node.base.runtime import Runtime

SUFFIXES: Final = frozenset({".png", ".gif", ".webp", ".jpg", ".jpeg", ".avif"})
MAX_ENTRIES: Final = 10_000
"""Files looked at in one archive."""


@click.group()
def emoji() -> None:
    """Add and remove custom emoji: small pictures that stand for :shortcode: in posts and names."""


@emoji.command()
@click.argument("shortcode")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--category", default="", help="Heading under which apps list it.")
@click.option("--hidden", is_flag=True, help="Leave it out of the pickers of apps.")
@json_option
@answers
async def add(shortcode: str, file: Path, category: str, hidden: bool, as_json: bool) -> None:
    """Add an emoji, or give one another picture: PNG, GIF, WebP, JPEG or AVIF."""
    settings = prepared_settings()
    async with running(settings) as runtime:
        name = await _add(
            runtime, shortcode, await asyncio.to_thread(file.read_bytes), category=category, hidden=hidden
        )
    if as_json:
        emit({"shortcode": name})
    else:
        click.echo(f":{name}: is there. Apps show it within a minute.")


@emoji.command("list")
@json_option
@answers
async def list_(as_json: bool) -> None:
    """Print every emoji of this node."""
    from node.emojis.queries import list_local_emojis

    async with running(prepared_settings()) as runtime, runtime.read() as reader:
        found = await list_local_emojis(reader)
    if as_json:
        emit([{"shortcode": row.shortcode, "category": row.category, "in_picker": row.in_picker} for row in found])
        return
    for row in found:
        click.echo(f":{row.shortcode}:  {row.category}{'' if row.in_picker else ' (hidden)'}".rstrip())
    if not found:
        click.echo("There are no custom emoji.")


@emoji.command()
@click.argument("shortcode")
@json_option
@answers
async def remove(shortcode: str, as_json: bool) -> None:
    """Remove an emoji. Posts that used it show its shortcode instead."""
    from node.base.errors import NotFound
    from node.emojis.service import remove_emoji

    settings = prepared_settings()
    try:
        async with running(settings) as runtime, runtime.write() as uow:
            await remove_emoji(uow, shortcode)
    except NotFound:
        fail(f"There is no emoji :{shortcode.strip(':')}: here.")
    if as_json:
        emit({"shortcode": shortcode.strip(":"), "removed": True})
    else:
        click.echo(f":{shortcode.strip(':')}: is removed.")


@emoji.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--category", default="", help="Heading under which apps list them.")
@json_option
@answers
async def import_(source: Path, category: str, as_json: bool) -> None:
    """Add every picture of a folder or of a .zip or .tar(.gz) archive; the file's name becomes the shortcode."""
    from node.base.errors import Invalid

    settings = prepared_settings()
    added: list[str] = []
    skipped: dict[str, str] = {}
    async with running(settings) as runtime:
        for name, data in _pictures(source, limit=settings.max_emoji_bytes):
            if data is None:
                skipped[name] = f"larger than {settings.max_emoji_bytes // 1024} KiB"
                continue
            try:
                added.append(await _add(runtime, name, data, category=category))
            except Invalid as problem:
                skipped[name] = "; ".join(text for texts in problem.fields.values() for text in texts)
    if as_json:
        emit({"added": added, "skipped": skipped})
        return
    click.echo(f"{len(added)} emoji added.")
    for name, reason in skipped.items():
        click.echo(f"  {name}: {reason}")


async def _add(runtime: "Runtime", shortcode: str, data: bytes, *, category: str = "", hidden: bool = False) -> str:
    from node.emojis.rules import check_shortcode
    from node.emojis.service import add_emoji
    from node.media.service import store_emoji

    name = check_shortcode(shortcode)
    key, static_key = await store_emoji(runtime, data)
    async with runtime.write() as uow:
        await add_emoji(
            uow,
            name,
            storage_key=key,
            static_key=static_key,
            category=category,
            in_picker=not hidden,
            now=runtime.now(),
        )
    return name


def _pictures(source: Path, *, limit: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, picture) of what is a picture by its name; None for one that is too large.

    Nothing of an archive is written to disk under a name of its own, and no link in it is followed (row 83).
    """
    if source.is_dir():
        for path in sorted(source.iterdir())[:MAX_ENTRIES]:
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path.stem, path.read_bytes() if path.stat().st_size <= limit else None
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist()[:MAX_ENTRIES]:
                if not entry.is_dir() and _is_picture(entry.filename):
                    with archive.open(entry) as member:
                        yield _stem(entry.filename), _read(member, limit)
    elif tarfile.is_tarfile(source):
        with tarfile.open(source) as tape:
            for number, part in enumerate(tape):
                if number >= MAX_ENTRIES:
                    return
                opened = tape.extractfile(part) if part.isreg() and _is_picture(part.name) else None
                if opened is not None:
                    with opened:
                        yield _stem(part.name), _read(opened, limit)
    else:
        fail("This is neither a folder nor a .zip or .tar archive.")


def _read(member: IO[bytes], limit: int) -> bytes | None:
    data = member.read(limit + 1)
    return data if len(data) <= limit else None


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem
