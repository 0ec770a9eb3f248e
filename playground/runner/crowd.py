"""Who is here where strangers come: which visitors share an address, without the addresses."""

import hashlib
import hmac
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection

from playground.errors import InvalidRequestError
from playground.sayings import said

MAX_KEPT = 20_000
MAX_OPEN = 16  # pictures of one visitor being made at once: two comparisons of the largest kind
MAX_OPEN_OF_PLACE = 64
_IPV6_NETWORK_BITS = 64  # what one subscriber is given; the rest of the address is theirs to change
NOWHERE = "nowhere"  # nobody knows: all of those share one place


class Crowd:
    """
    Visitors by the place they come from. A place is a hash under the secret of this installation:
    nothing leads from it to an address. Safe to share between threads.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._places: OrderedDict[str, str] = OrderedDict()
        self._mutex = threading.Lock()

    def meet(self, owner_id: str, address: str | None) -> str:
        """Notes where a visitor comes from now; returns the place."""
        place = self.place_of_address(address)
        with self._mutex:
            self._places[owner_id] = place
            self._places.move_to_end(owner_id)
            while len(self._places) > MAX_KEPT:
                self._places.popitem(last=False)
        return place

    def place_of_address(self, address: str | None) -> str:
        if address is None:
            return NOWHERE
        network = network_of(address)
        return hmac.new(self._secret, f"place {network}".encode(), hashlib.sha256).hexdigest()[:32]

    def place(self, owner_id: str | None) -> str:
        """Where a visitor was last seen to come from."""
        with self._mutex:
            return NOWHERE if owner_id is None else self._places.get(owner_id, NOWHERE)

    def neighbours(self, owner_id: str) -> frozenset[str]:
        """Every visitor of the same place, this one among them."""
        with self._mutex:
            place = self._places.get(owner_id, NOWHERE)
            same = {each for each, other in self._places.items() if other == place}
        return frozenset(same | {owner_id})

    def check_room(
        self, owner_id: str, n_new: int, count_open: Callable[[Collection[str]], int]
    ) -> None:
        """
        Raises:
            InvalidRequestError: This visitor, or everybody of their place, has too much under way.
        """
        limits = (
            (frozenset((owner_id,)), MAX_OPEN),
            (self.neighbours(owner_id), MAX_OPEN_OF_PLACE),
        )
        for owners, most in limits:
            n_open = count_open(owners)
            if n_open + n_new > most:
                raise InvalidRequestError(
                    said(
                        "{n_open} pictures for you or your network are being made, and at most "
                        "{most} may be at once here. Nothing was sent. Wait for some to finish.",
                        n_open=n_open,
                        most=most,
                    ),
                    field="run",
                )


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the whole network of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()[:100]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(ip), _IPV6_NETWORK_BITS), strict=False))
    return str(ip)
