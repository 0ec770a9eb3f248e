"""What is remembered for each loaded page: bounded, because not every page says when it leaves."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

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


class Sent:
    """
    What a page has of what it was sent, by widget.

    Of words only their hash is kept: Compare's are two to eight thousand characters a page.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._prints: dict[Hashable, Any] = {}
        self._begun_s = clock()

    def news(self, values: Mapping[Any, Any]) -> dict[Any, Any]:
        """Those the page does not have; from here on it has them."""
        prints = {widget: _print(value) for widget, value in values.items()}
        before, self._prints = self._prints, self._prints | prints
        return {
            w: value for w, value in values.items() if w not in before or before[w] != prints[w]
        }

    def forget(self, *, but: Collection[Any] = ()) -> None:
        """From here on everything is news again, except what these widgets were sent."""
        self._prints = {w: each for w, each in self._prints.items() if w in but}
        self._begun_s = self._clock()

    @property
    def age_s(self) -> float:
        """How long ago all of it was news."""
        return self._clock() - self._begun_s


def _print(value: Any) -> Any:
    return hash(value) if isinstance(value, str) else value
