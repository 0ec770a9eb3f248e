"""The reference strip: drop, paste, pick or address; numbered, in the order that is sent."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from playground import catalog
from playground.errors import PlaygroundError, UnusableReferenceError
from playground.ui import format as fmt
from playground.ui.compare.recall import Recalls
from playground.ui.shelf import Shelf
from playground.ui.texts import texts_of
from playground.ui.texts.telling import told
from playground.ui.visits import Visits
from playground.ui.widgets import asset, html

MAX_UPLOAD_BYTES = 100_000_000  # what can still be shrunk; larger ones end in the browser
MAX_NAME_CHARACTERS = 200


def reference_strip(
    shelf: Shelf, recalls: Recalls, visits: Visits, *, elem_id: str = "references"
) -> gr.HTML:
    """
    A widget whose value is the list of references, each with its `token`, as the page shows them.

    The browser owns the order; the server only ever learns tokens it gave out itself. Sends
    `restore` with the token of a request that a picture brought along.
    """

    def keep_file(call: Mapping[str, Any]) -> dict[str, Any]:
        visit = visits.enter(_word(call, "visit"))  # its language is the answer's
        path, short = _word(call, "path"), _word(call, "name")[:MAX_NAME_CHARACTERS]
        owner_id = visit.owner_id
        shrink = call.get("shrink") is True
        answer = _answer(lambda: shelf.add_file(path, name=short, shrink=shrink, owner_id=owner_id))
        return {**answer, **look_up(call)} if "item" in answer else answer

    def look_up(call: Mapping[str, Any]) -> dict[str, Any]:
        visit = visits.enter(_word(call, "visit"))
        try:
            return {"recalled": recalls.look_up(_word(call, "path"), visit)}
        except PlaygroundError:
            return {"recalled": None}  # it need not be one of ours

    def keep_url(call: Mapping[str, Any]) -> dict[str, Any]:
        owner_id = visits.enter(_word(call, "visit")).owner_id
        return _answer(lambda: shelf.add_url(_word(call, "url"), owner_id))

    return html(
        [],
        script="references.js",
        html_template=asset("references.html"),
        server_functions=[keep_file, keep_url, look_up],
        elem_id=elem_id,
        texts=texts_of("references"),
        limit=max(model.max_references for model in catalog.MODELS.values()),
        maxBytes=MAX_UPLOAD_BYTES,
        maxBytesWords=fmt.file_size(MAX_UPLOAD_BYTES),
    )


def _word(call: Mapping[str, Any], name: str) -> str:
    """Text that an answer can repeat: file names of some systems hold half characters."""
    return str(call.get(name, "")).encode("utf-8", "replace").decode()


def _answer(keep: Any) -> dict[str, Any]:
    """The kept reference, or in words why it cannot be one."""
    try:
        return {"item": keep()}
    except UnusableReferenceError as exc:
        return {"problem": told(exc), "canShrink": exc.can_shrink}
    except PlaygroundError as exc:
        return {"problem": told(exc), "canShrink": False}
