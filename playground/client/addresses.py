"""Which addresses of the internet may be fetched from: public ones, and nothing inside a network."""

import ipaddress
import re
from collections.abc import Sequence
from typing import TypeAlias

import httpx

from playground.errors import InvalidRequestError
from playground.sayings import said

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_CHARS = 2_048
MAX_PORT = 65_535
SCHEMES = ("https", "http")

# Written out, because what the standard library calls private differs between its versions.
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # behind a carrier's address translation
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved
    )
)
# All of IPv6 that is public; the rest holds loopback, link-local, mapped (::ffff:0:0/96) and
# translated (64:ff9b::/96) addresses, which lead back into IPv4.
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)
_INNER_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")


def is_public(address: IPAddress, *, also: Sequence[IPNetwork] = ()) -> bool:
    """
    Whether a packet to the address leaves for the internet.

    Args:
        also: Networks to take for public all the same. Some proxies on a user's own machine answer
            every name with an address of a private range.
    """
    if any(address.version == network.version and address in network for network in also):
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    # An address with a scope ("%eth0") is one of this machine's links.
    return (
        address.scope_id is None
        and address in _PUBLIC_6
        and not any(address in network for network in _NOT_PUBLIC_6)
    )


def check_public_url(url: str) -> None:
    """
    Whether a reference may be given by this address; names are not looked up.

    Raises:
        InvalidRequestError: It is no public http(s) address; says why.
    """
    try:
        parsed = parse_url(url)
        check_host(parsed.host)
    except ValueError as exc:
        raise InvalidRequestError(
            said("{url!r} cannot be used as a reference: {exc}", url=url[:100], exc=exc),
            field="references",
        ) from exc


def parse_url(url: str) -> httpx.URL:
    """
    Raises:
        ValueError: It is no http(s) address, or holds what only tricks hold.
    """
    if len(url) > MAX_URL_CHARS:
        raise ValueError(
            said(
                "it has {n_url:,} characters; at most {max_url_chars:,} are usual.",
                n_url=len(url),
                max_url_chars=MAX_URL_CHARS,
            )
        )
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise ValueError(said("it holds a space, a control character or a backslash."))
    try:
        parsed = httpx.URL(url)
        parsed.raw_path.decode("ascii")
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise ValueError(said("it is not a well-formed address.")) from exc
    if parsed.scheme not in SCHEMES:
        raise ValueError(said("it must begin with https:// or http://."))
    if not parsed.host:
        raise ValueError(said("it names no host."))
    if parsed.userinfo:
        raise ValueError(said("it holds a user name or password."))
    if parsed.port is not None and not 0 < parsed.port <= MAX_PORT:
        raise ValueError(said("it names no port that exists."))
    return parsed


def check_host(host: str) -> None:
    """
    Raises:
        ValueError: The name or literal address is not one of the public internet.
    """
    name = host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        last = name.rpartition(".")[2]
        # Some resolvers take 127.1, 0x7f.1 and 2130706433 for 127.0.0.1.
        if re.fullmatch(r"\d+|0x[0-9a-f]*", last):
            raise ValueError(said("its host is a number in disguise.")) from None
        if "." not in name or any(
            name == inner or name.endswith(f".{inner}") for inner in _INNER_NAMES
        ):
            raise ValueError(
                said("{host} is a name inside a network, not on the internet.", host=host)
            ) from None
        return
    if not is_public(address):
        raise ValueError(said("{host} is not an address on the internet.", host=host))
