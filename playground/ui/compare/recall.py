"""Pictures that bring their request along: one of ours, dropped on the page, restores what made it."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import catalog
from playground.images.decoding import read_picture_file
from playground.provenance.finding import find_logged
from playground.provenance.records import Found, Provenance, read_provenance, restored
from playground.runner.desk import Desk
from playground.ui import format as fmt
from playground.ui.compare.easel import Form
from playground.ui.shelf import Shelf
from playground.ui.texts import text
from playground.ui.visits import Visit

MAX_KEPT = 1024
PROMPT_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """
    What a picture brought along: a comparison that stands in the log, or else a form made of what
    the file says.
    """

    words: str
    comparison_id: str | None = None
    form: Form | None = None
    notice: str | None = None  # what of the form could not be restored


class Recalls:
    """Looks uploaded pictures up and keeps what was found, by tokens that pages may know."""

    def __init__(self, desk: Desk, shelf: Shelf) -> None:
        self._desk = desk
        self._shelf = shelf
        self._kept: OrderedDict[str, tuple[str | None, Recalled]] = OrderedDict()

    def look_up(self, path: str, visit: Visit) -> Mapping[str, Any] | None:
        """
        What the page may know of the request a picture brought along; None if it brought none.
        Blocking. Never names a model: the comparison may still be judged blind.

        Raises:
            PictureError: Not a whole picture of a kind that is taken.
            UnusableReferenceError: Not a file that was uploaded here.
            StorageError: The log cannot be read.
        """
        recalled = self._recalled(self._shelf.uploaded(path), visit)
        if recalled is None:
            return None
        token = secrets.token_urlsafe(16)
        self._kept[token] = visit.owner_id, recalled
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return {"token": token, "words": recalled.words}

    def get(self, token: str, visit: Visit) -> Recalled | None:
        """What was found earlier for this visitor, by its token."""
        owner_id, recalled = self._kept.get(token, (None, None))
        return recalled if owner_id == visit.owner_id else None

    def _recalled(self, file: Path, visit: Visit) -> Recalled | None:
        data = read_picture_file(file)
        found = find_logged(data, self._desk.log.path, owner_id=visit.owner_id)
        record = read_provenance(data)
        if found is not None and (found.how is not Found.LOOKS or record is None):
            prompt, is_likeness = _shortened(found.prompt), found.how is Found.LOOKS
            return Recalled(
                words=text("recall.looks", prompt=prompt)
                if is_likeness
                else text("recall.here", prompt=prompt),
                comparison_id=found.comparison_id,
            )
        return None if record is None else self._from_record(record, visit.owner_id)

    def _from_record(self, record: Provenance, owner_id: str | None) -> Recalled | None:
        found = restored(
            record,
            self._desk.settings.data_dir.resolve() / "references",
            may_use=lambda sha256: self._shelf.may_use(sha256, owner_id),
        )
        if found is None:
            return None
        request = found.request
        lanes: tuple[str, ...] = catalog.DEFAULT_LANES
        if request.model in catalog.MODELS and request.model not in lanes:
            lanes = (request.model, *lanes[1:])
        names = fmt.listed(text("references.numbered", number=number) for number in found.missing)
        return Recalled(
            words=text("recall.elsewhere", prompt=_shortened(request.prompt)),
            form=Form(
                prompt=request.prompt,
                lanes=lanes,
                size=request.size,
                resolution=request.resolution,
                references=[self._shelf.put(each, owner_id) for each in request.references],
            ),
            notice=text("history.missing_references", names=names) if names else None,
        )


def _shortened(prompt: str) -> str:
    return fmt.shortened(" ".join(prompt.split()), PROMPT_CHARACTERS)
