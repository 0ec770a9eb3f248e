"""What is remembered for each loaded page: bounded, because not every page says when it leaves."""

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from typing import TypeVar

V = TypeVar("V")

MAX_PAGES = 1_000


class Pages(MutableMapping[str, V]):
    """A value by the id of a page; with too many the one that was set longest ago is forgotten."""

    def __init__(self, limit: int = MAX_PAGES) -> None:
        self._values: OrderedDict[str, V] = OrderedDict()
        self._limit = limit

    def __getitem__(self, page_id: str) -> V:
        return self._values[page_id]

    def __setitem__(self, page_id: str, value: V) -> None:
        self._values[page_id] = value
        self._values.move_to_end(page_id)
        while len(self._values) > self._limit:
            self._values.popitem(last=False)

    def __delitem__(self, page_id: str) -> None:
        del self._values[page_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
