"""What may be sent along with a prompt: pictures made fit and private, addresses checked, requests told apart."""

import hashlib
import json
import unicodedata
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from playground.errors import PictureError, UnusableReferenceError
from playground.images import containers, copies, decoding, storage
from playground.sayings import said
from playground.schema import Reference, Request

UPLOAD_LIMIT_BYTES = 10_000_000  # the service says 10 MB; a file must have fewer bytes than this
MIME_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
MAX_PIXELS = decoding.MAX_PIXELS
MAX_SHRINKABLE_PIXELS = 120_000_000  # a 108-megapixel telephone; 0.5 GB if it is not a JPEG
MAX_URL_CHARACTERS = 2_000

_SAVE_AS = said("Save it as PNG or JPEG and add that file.")
_ADVICE = {
    "a web page (HTML)": said("Save the picture itself, not the page that shows it, and add that."),
    "empty (0 bytes)": said("Save or download it again and add that file."),
    "a video": said("Save one picture of it as PNG or JPEG and add that."),
}
_SHRINK = said("Have a smaller copy made, or add a smaller file.")
_SMALLER = said("Add a smaller file.")
_NEVER_IN_URLS = frozenset('\\<>"')


def prepare_reference(
    source: Path | bytes, *, name: str, folder: Path, shrink: bool = False
) -> Reference:
    """
    A reference that can be sent, stored as `<folder>/<sha256>.<jpg|png|webp>`, mode 0600.

    PNG, JPEG, WebP and GIF, told by content. Uploaded files are public at the service, so
    EXIF, GPS, XMP and comments always go; the colour profile and transparency stay.

    - Upright JPEG, PNG, WebP: pixels byte for byte; without metadata the whole file.
    - Another EXIF orientation: turned and encoded anew in the same format (a lossless WebP
      becomes PNG; 16 bits a colour become 8).
    - GIF and animated WebP: the first frame, as PNG. Animated PNG: its still picture.
    - With `shrink`, a picture over a limit becomes the largest JPEG (WebP where there is
      transparency) that fits, no side over 4096 pixels. One within the limits is left alone.

    Preparing a prepared file again gives the same file.

    Args:
        name: For people; kept as it is.

    Raises:
        UnusableReferenceError: Says what the file is or which limit it passes, and what to
            do. `can_shrink` is true when `shrink=True` would help.
        StorageError: The disk refused.
    """
    data = _read(source, name)
    if containers.recognise(data) is None:
        kind = containers.kind_of_other(data)
        raise UnusableReferenceError(
            said(
                "{name} is {kind}. {advice}",
                name=name,
                kind=kind,
                advice=_ADVICE.get(kind, _SAVE_AS),
            )
        )
    try:
        ready = _ready_to_send(data, name, may_shrink=shrink)
    except PictureError as exc:
        raise UnusableReferenceError(
            said("{name} cannot be sent. {exc} {advice}", name=name, exc=exc, advice=_SAVE_AS)
        ) from exc
    return _store(ready, name, folder)


def url_reference(url: str, *, name: str | None = None) -> Reference:
    """
    A reference by public address; only its spelling is checked, nothing is fetched.

    Blanks around it are dropped. `name` defaults to the address.

    Raises:
        UnusableReferenceError: Not a plain http(s) address of at most 2,000 characters.
    """
    address = url.strip()
    if problem := _problem_with(address):
        raise UnusableReferenceError(problem)
    return Reference(name=name or address, url=address)


def request_sha256(request: Request) -> str:
    """
    The same for requests that ask for the same: model, prompt, size, resolution, references in order.

    SHA-256 of canonical JSON (ASCII, sorted keys, no blanks). A reference counts by its
    content's hash, else by its address; its name and where it was uploaded do not count.
    A prompt that is not valid Unicode has a hash too.

    Raises:
        ValueError: A reference with neither hash nor address.
    """
    canonical = json.dumps(
        {
            "model": request.model,
            "prompt": request.prompt,
            "size": request.size,
            "resolution": request.resolution,
            "references": [_identity(reference) for reference in request.references],
        },
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _read(source: Path | bytes, name: str) -> bytes:
    if isinstance(source, Path):
        if not source.is_file():
            raise UnusableReferenceError(
                said("{name} is not there any more. Add it again.", name=name)
            )
        try:
            return decoding.read_picture_file(source)
        except PictureError as exc:
            raise _too_many_bytes(
                name, said("more than {limit:,}", limit=decoding.MAX_FILE_BYTES)
            ) from exc
    if len(source) > decoding.MAX_FILE_BYTES:
        raise _too_many_bytes(name, f"{len(source):,}")
    return source


def _too_many_bytes(name: str, amount: str) -> UnusableReferenceError:
    return UnusableReferenceError(
        said(
            "{name} has {amount} bytes; the service takes fewer than "
            "{upload_limit_bytes:,}, and a smaller copy can be made of at most "
            "{max_file_bytes:,}. Add a smaller file.",
            name=name,
            amount=amount,
            upload_limit_bytes=UPLOAD_LIMIT_BYTES,
            max_file_bytes=decoding.MAX_FILE_BYTES,
        )
    )


def _ready_to_send(data: bytes, name: str, *, may_shrink: bool) -> bytes:
    header = containers.read_header(data)
    if header.pixels > MAX_PIXELS:
        can_shrink = header.pixels <= MAX_SHRINKABLE_PIXELS
        if may_shrink and can_shrink:
            image = decoding.decode(
                data,
                formats=decoding.REFERENCE_FORMATS,
                max_pixels=MAX_SHRINKABLE_PIXELS,
                draft_px=copies.LARGEST_SHRUNK_PX,
            )
            return copies.shrink(image, below_bytes=UPLOAD_LIMIT_BYTES)
        raise UnusableReferenceError(
            said(
                "{name} has {width_px:,} × {height_px:,} = {pixels:,} pixels; the limit is "
                "{max_pixels:,}. {advice}",
                name=name,
                width_px=header.width_px,
                height_px=header.height_px,
                pixels=header.pixels,
                max_pixels=MAX_PIXELS,
                advice=_SHRINK if can_shrink else _SMALLER,
            ),
            can_shrink=can_shrink,
        )
    image = decoding.decode(data, formats=decoding.REFERENCE_FORMATS)
    clean = copies.private_copy(data, image, below_bytes=UPLOAD_LIMIT_BYTES)
    if len(clean) < UPLOAD_LIMIT_BYTES:
        return clean
    if may_shrink:
        return copies.shrink(image, below_bytes=UPLOAD_LIMIT_BYTES)
    raise UnusableReferenceError(
        said(
            "{name} has {n_clean:,} bytes; the service takes fewer than "
            "{upload_limit_bytes:,}. {advice}",
            name=name,
            n_clean=len(clean),
            upload_limit_bytes=UPLOAD_LIMIT_BYTES,
            advice=_SHRINK,
        ),
        can_shrink=True,
    )


def _store(data: bytes, name: str, folder: Path) -> Reference:
    header = containers.read_header(data)
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / f"{sha256}.{containers.EXTENSIONS[header.format]}"
    if path.is_file() and decoding.read_picture_file(path) == data:
        with suppress(OSError):
            path.touch()  # in use: not old
    else:
        storage.write_whole(path, data)
    return Reference(
        name=name,
        path=path,
        sha256=sha256,
        mime_type=MIME_TYPES[path.suffix],
        width_px=header.width_px,
        height_px=header.height_px,
        size_bytes=len(data),
    )


def _problem_with(address: str) -> str | None:
    """Why it cannot be sent; None if nothing speaks against it. Never repeats a password."""
    if not address:
        return said("The address is empty. Paste the address of a picture.")
    if address[:5].lower() == "data:":
        return said(
            "The service refuses embedded pictures (data:). Add the picture as a file instead."
        )
    if len(address) > MAX_URL_CHARACTERS:
        return said(
            "The address has {n_address:,} characters; the limit is "
            "{max_url_characters:,}. Add the picture as a file instead.",
            n_address=len(address),
            max_url_characters=MAX_URL_CHARACTERS,
        )
    for position, character in enumerate(address, start=1):
        if character in _NEVER_IN_URLS or unicodedata.category(character)[0] in "CZ":
            return said(
                "The address holds {character!a} at position {position}, which no address may. "
                "Paste the address of one picture.",
                character=character,
                position=position,
            )
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as exc:
        return said("The address cannot be read ({exc}). Paste it again.", exc=exc)
    if parts.username is not None:  # empty, not None, where there is only a password
        return said(
            "The address holds a user name or password, which everyone could read. Add the "
            "picture as a file instead."
        )
    if parts.scheme not in ("http", "https"):
        return said(
            "The address must start with https:// or http://. Add a picture on this "
            "computer as a file."
        )
    if not host:
        return said("The address {address!r} names no host. Paste all of it.", address=address)
    return None


def _identity(reference: Reference) -> dict[str, str]:
    if reference.sha256 is not None:
        return {"sha256": reference.sha256}
    if reference.url is not None:
        return {"url": reference.url}
    raise ValueError(f"The reference {reference.name!r} has neither a hash nor an address.")
