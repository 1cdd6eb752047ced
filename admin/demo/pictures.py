"""Pictures for the demo: avatars and a map, drawn here so that the program carries no image of anybody."""

import io

from PIL import Image, ImageDraw

from admin.demo.people import Person


def draw_avatar(person: Person) -> bytes:
    """Draw a bird in the person's colour."""
    size = 240
    image = Image.new("RGB", (size, size), person.colour)
    draw = ImageDraw.Draw(image)
    light = tuple(min(255, part + 110) for part in person.colour)
    lean = sum(map(ord, person.username)) % 30
    draw.ellipse((45, 85, 185, 205), fill=light)
    draw.ellipse((125, 45 + lean, 200, 120 + lean), fill=light)
    draw.polygon([(196, 75 + lean), (228, 85 + lean), (196, 95 + lean)], fill=(240, 180, 60))
    draw.ellipse((165, 68 + lean, 177, 80 + lean), fill=(20, 24, 24))
    draw.polygon([(60, 130), (15, 100 - lean), (75, 170)], fill=light)
    return _png(image)


def draw_map() -> bytes:
    """Draw the harbour quarter."""
    image = Image.new("RGB", (960, 600), (238, 226, 196))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 0), (260, 0), (180, 220), (240, 420), (140, 600), (0, 600)], fill=(120, 170, 196))
    for offset in range(0, 700, 70):
        draw.line([(280 + offset, 20), (240 + offset, 580)], fill=(176, 136, 74), width=6)
        draw.line([(230, 30 + offset), (940, 20 + offset)], fill=(176, 136, 74), width=4)
    draw.rectangle((520, 210, 690, 370), fill=(134, 168, 110))
    draw.line([(230, 500), (600, 440), (940, 90)], fill=(90, 60, 60), width=8)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
