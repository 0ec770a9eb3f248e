"""Small copies for lists and galleries; they can be deleted at any time and are made again."""

from io import BytesIO
from pathlib import Path

from playground.images.copies import upright
from playground.images.decoding import damage_reported, decode, read_picture_file
from playground.images.measurement import flattened
from playground.images.storage import write_whole

_QUALITY = 80


def thumbnail(path: Path, folder: Path, *, max_px: int = 512, stem: str | None = None) -> Path:
    """
    `<folder>/<stem>-<max_px>.jpg`: upright, on white, no side over `max_px`, never enlarged.

    No metadata, no colour profile. One already there is returned as it is, for a kept picture
    never changes: give every folder of pictures its own folder of thumbnails.

    Args:
        stem: By default that of `path`; another one where that would tell the content.

    Raises:
        PictureError: Not a whole PNG, JPEG or WebP.
        StorageError: Cannot be read or written.
    """
    small = folder / f"{stem or path.stem}-{max_px}.jpg"
    if not small.exists():
        write_whole(small, inline_jpeg(path, max_px=max_px))
    return small


def inline_jpeg(path: Path, *, max_px: int) -> bytes:
    """The bytes of such a copy, without a file."""
    image = decode(read_picture_file(path), draft_px=max_px)
    out = BytesIO()
    with damage_reported(path.name):
        image.thumbnail((max_px, max_px))
        small = flattened(upright(image)).copy()
        small.info = {}  # Pillow would write out a comment it found there
        small.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
