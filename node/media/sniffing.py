"""What a file is, by its first bytes and never by its name or by what its sender calls it. Pure."""

from typing import Final, Literal

FilmFormat = Literal["mov", "matroska", "ogg", "mp3", "flac", "wav", "aac"]

HEAD_BYTES: Final = 4096
_PICTURES: Final = (
    (b"\x89PNG\r\n\x1a\n", 0),
    (b"\xff\xd8\xff", 0),
    (b"GIF87a", 0),
    (b"GIF89a", 0),
    (b"WEBP", 8),
    (b"ftypavif", 4),
    (b"ftypavis", 4),
)
_MOV_ATOMS: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})


def is_picture(head: bytes) -> bool:
    """Say whether a file begins as one of the pictures we take."""
    return any(head[at : at + len(magic)] == magic for magic, at in _PICTURES)


def film_format(head: bytes) -> FilmFormat | None:
    """Return the format of a film or sound, None for anything else."""
    if is_picture(head):
        return None
    if head[4:8] in _MOV_ATOMS:
        return "mov"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "matroska"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[:3] == b"ID3":
        return "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return "mp3"
    return None


def is_sound(head: bytes) -> bool:
    """Say whether a film or sound looks like a sound: a guess to show until it has been read."""
    found = film_format(head)
    if found == "mov":
        return head[8:11] == b"M4A"
    return found != "matroska" and not (found == "ogg" and b"theora" in head)


def film_extension(head: bytes) -> str | None:
    """Return what the name of a film or sound that is served as it came ends with, None for anything else."""
    match film_format(head):
        case "mov":
            return "m4a" if head[8:11] == b"M4A" else "mp4"
        case "matroska":
            return "webm"
        case "ogg":
            return "ogv" if b"theora" in head else "oga"
        case found:
            return found
