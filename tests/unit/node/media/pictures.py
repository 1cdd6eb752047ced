"""Pictures made for tests, honest and otherwise."""

import io
from typing import Any

from PIL import Image, PngImagePlugin


def picture(format_: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """Return an encoded picture: red above, blue below."""
    drawn = Image.new("RGB", size, (200, 30, 30))
    drawn.paste((30, 30, 200), (0, size[1] // 2, size[0], size[1]))
    buffer = io.BytesIO()
    drawn.convert(mode).save(buffer, format_, **options)
    return buffer.getvalue()


def animation(format_: str = "GIF", frames: int = 4) -> bytes:
    """Return a short animation."""
    drawn = [Image.new("RGB", (40, 30), (shade * 40, 10, 90)) for shade in range(frames)]
    buffer = io.BytesIO()
    drawn[0].save(buffer, format_, save_all=True, append_images=drawn[1:], duration=80)
    return buffer.getvalue()


def tattling_jpeg() -> bytes:
    """Return a JPEG that lies on its side and knows where, when and by whom it was taken (row 86)."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return picture("JPEG", (80, 40), exif=exif, xmp=b"<x:xmpmeta>SECRET-XMP</x:xmpmeta>", comment=b"SECRET-COMMENT")


def tattling_png() -> bytes:
    """Return a PNG with words inside and a script behind its end (row 82)."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "SECRET-NAME")
    return picture("PNG", pnginfo=info) + b"<script>SECRET-TAIL</script>"


def opened(data: bytes) -> Image.Image:
    """Decode a picture wholly."""
    found = Image.open(io.BytesIO(data))
    found.load()
    return found
