"""The reference pictures that pages hold: the browser knows a token of each, the server its file."""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from playground.errors import InvalidRequestError, PictureError, UnusableReferenceError
from playground.images import thumbnail
from playground.references import url_reference
from playground.runner.desk import Desk
from playground.schema import Reference
from playground.ui import format as fmt
from playground.ui.texts import text

MAX_KEPT = 4096
THUMBNAIL_PX = 256


class Shelf:
    """
    Tokens for references. A page lists tokens in the order it shows them, and that order is sent.

    Args:
        upload_dir: Where the web framework leaves uploaded files; nothing outside is ever read.

        thumbnails_dir: Served to browsers.
    """

    def __init__(self, desk: Desk, *, upload_dir: Path, thumbnails_dir: Path) -> None:
        self._desk = desk
        self._upload_dir = upload_dir.resolve()
        self._thumbnails_dir = thumbnails_dir
        self._kept: OrderedDict[str, Reference] = OrderedDict()

    def add_file(self, path: str, *, name: str, shrink: bool) -> dict[str, Any]:
        """
        Checks an uploaded file and keeps it. Blocking.

        Raises:
            UnusableReferenceError: It cannot be sent; `can_shrink` tells whether a copy could.
        """
        file = self.uploaded(path)
        return self.put(self._desk.prepare_reference(file, name=name, shrink=shrink))

    def add_url(self, url: str) -> dict[str, Any]:
        """
        Only ever an address: a path of this machine, typed by a visitor, is refused.

        Raises:
            UnusableReferenceError: Not an address that can be sent.
        """
        # The desk takes paths too, so it is asked only about what is spelled as an address.
        address = url_reference(url).url or ""
        scheme, _, rest = address.partition("://")
        return self.put(self._desk.url_reference(f"{scheme.lower()}://{rest}"))

    def put(self, reference: Reference) -> dict[str, Any]:
        """Keeps a reference and returns what the page may know of it."""
        token = secrets.token_urlsafe(16)
        self._kept[token] = reference
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return {
            "token": token,
            "name": reference.name,
            "thumb": self._thumbnail_url(reference),
            "detail": _detail(reference),
        }

    def take(self, items: Iterable[Mapping[str, Any]]) -> tuple[Reference, ...]:
        """
        The references of a page, in its order.

        Raises:
            InvalidRequestError: A token is not known, or what came is no list of references.
        """
        found = []
        for item in items:
            token = item.get("token") if isinstance(item, Mapping) else None
            if not isinstance(token, str) or token not in self._kept:
                raise InvalidRequestError(text("references.gone"), field="references")
            self._kept.move_to_end(token)
            found.append(self._kept[token])
        return tuple(found)

    def uploaded(self, path: str) -> Path:
        """
        The file that was uploaded under this path.

        Raises:
            UnusableReferenceError: It is no such file.
        """
        # An address here would make the framework fetch it, and a path could be any file.
        if "://" in path:
            raise UnusableReferenceError(text("references.not_uploaded"))
        try:
            file = Path(path).resolve(strict=True)
        except (OSError, ValueError) as exc:
            raise UnusableReferenceError(text("references.not_uploaded")) from exc
        if not file.is_relative_to(self._upload_dir) or not file.is_file():
            raise UnusableReferenceError(text("references.not_uploaded"))
        return file

    def _thumbnail_url(self, reference: Reference) -> str | None:
        if reference.path is None:
            return None
        try:
            small = thumbnail(reference.path, self._thumbnails_dir, max_px=THUMBNAIL_PX)
        except PictureError:
            return None
        return fmt.file_url(small)


def _detail(reference: Reference) -> str:
    if reference.path is None:
        return text("references.by_address")
    size = fmt.pixels(reference.width_px, reference.height_px)
    return f"{size} · {fmt.file_size(reference.size_bytes)}"
