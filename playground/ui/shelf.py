"""The reference pictures that pages hold: the browser knows a token of each, the server its file."""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from playground.errors import InvalidRequestError, PictureError, UnusableReferenceError
from playground.identity import load_secret, thumbnail_stem
from playground.images import thumbnail
from playground.references import url_reference
from playground.runner.desk import Desk
from playground.schema import Reference
from playground.ui import format as fmt
from playground.ui.texts import text

MAX_KEPT = 4096
MAX_OWN = 512  # of one visitor, where there are several
THUMBNAIL_PX = 256


class Shelf:
    """
    Tokens for references. A page lists tokens in the order it shows them, and that order is sent.

    A token is good for the visitor it was given to (`owner_id`; None: this machine's own) and for
    nobody else.

    Args:
        upload_dir: Where the web framework leaves uploaded files; nothing outside is ever read.

        thumbnails_dir: Served to browsers.
    """

    def __init__(self, desk: Desk, *, upload_dir: Path, thumbnails_dir: Path) -> None:
        self._desk = desk
        self._upload_dir = upload_dir.resolve()
        self._thumbnails_dir = thumbnails_dir
        self._secret = load_secret(desk.settings.data_dir / "secret")
        self._kept: OrderedDict[str, tuple[str | None, Reference]] = OrderedDict()

    def add_file(
        self, path: str, *, name: str, shrink: bool, owner_id: str | None = None
    ) -> dict[str, Any]:
        """
        Checks an uploaded file and keeps it. Blocking.

        Raises:
            UnusableReferenceError: It cannot be sent; `can_shrink` tells whether a copy could.
        """
        file = self.uploaded(path)
        return self.put(self._desk.prepare_reference(file, name=name, shrink=shrink), owner_id)

    def add_url(self, url: str, owner_id: str | None = None) -> dict[str, Any]:
        """
        Only ever an address: a path of this machine, typed by a visitor, is refused.

        Raises:
            UnusableReferenceError: Not an address that can be sent.
        """
        # The desk takes paths too, so it is asked only about what is spelled as an address.
        address = url_reference(url).url or ""
        scheme, _, rest = address.partition("://")
        return self.put(self._desk.url_reference(f"{scheme.lower()}://{rest}"), owner_id)

    def put(self, reference: Reference, owner_id: str | None = None) -> dict[str, Any]:
        """Keeps a reference and returns what the page may know of it."""
        token = secrets.token_urlsafe(16)
        if owner_id is not None:
            self._make_room(owner_id)
        self._kept[token] = owner_id, reference
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return {
            "token": token,
            "name": reference.name,
            "thumb": self._thumbnail_url(reference),
            "detail": _detail(reference),
        }

    def _make_room(self, owner_id: str) -> None:
        """One visitor must not push out what the others have on their pages."""
        own = [token for token, (owner, _) in tuple(self._kept.items()) if owner == owner_id]
        for token in own[: len(own) - MAX_OWN + 1]:
            self._kept.pop(token, None)

    def may_use(self, sha256: str, owner_id: str | None) -> bool:
        """Whether the reference of that hash is this visitor's: knowing a hash is not having a picture."""
        return owner_id is None or any(
            owner == owner_id and reference.sha256 == sha256
            for owner, reference in tuple(self._kept.values())
        )

    def take(
        self, items: Iterable[Mapping[str, Any]], owner_id: str | None = None
    ) -> tuple[Reference, ...]:
        """
        The references of a page, in its order.

        Raises:
            InvalidRequestError: A token is not this visitor's, or what came is no list of them.
        """
        found = []
        for item in items:
            token = item.get("token") if isinstance(item, Mapping) else None
            kept = self._kept.get(token) if isinstance(token, str) else None
            if kept is None or kept[0] != owner_id or not isinstance(token, str):
                raise InvalidRequestError(text("references.gone"), field="references")
            self._kept.move_to_end(token)
            found.append(kept[1])
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
        if reference.path is None or reference.sha256 is None:
            return None
        stem = thumbnail_stem(self._secret, reference.sha256)
        try:
            small = thumbnail(reference.path, self._thumbnails_dir, max_px=THUMBNAIL_PX, stem=stem)
        except PictureError:
            return None
        return fmt.file_url(small)


def _detail(reference: Reference) -> str:
    if reference.path is None:
        return text("references.by_address")
    size = fmt.pixels(reference.width_px, reference.height_px)
    return f"{size} · {fmt.file_size(reference.size_bytes)}"
