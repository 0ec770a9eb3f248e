"""How people write the service's address and their key, and how a key is kept out of texts."""

import ipaddress
import json
import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from playground.errors import InvalidRequestError
from playground.sayings import said

OFFICIAL_HOSTS = ("toapis.com", "toapis.cn")

_DEFAULT_PORTS = {"https": 443, "http": 80}
_KEY = re.compile(r"[\x21-\x7e]{8,200}")
_QUOTES = "\"'`“”‘’«»"
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[A-Za-z0-9_\-]{6,}")
_HIDDEN = "[key]"


class Key(str):
    """A key; it shows itself only to who asks for the text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_HIDDEN)


def normalise_base_url(text: str) -> str:
    """
    Scheme and host, without `/v1`, what follows it, and the last slash.

    Raises:
        InvalidRequestError: It is no address, or the key would travel unencrypted.
    """
    text = text.strip().strip(_QUOTES + _INVISIBLE).strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise _bad_address(said("That is no address of a service.")) from None
    if not host or not re.fullmatch(r"[a-z0-9._:\-]+", host) or port == 0:
        raise _bad_address(said("That is no address of a service."))
    if parts.username is not None or parts.query or parts.fragment:
        raise _bad_address(said("The address must hold no user name, question mark or hash sign."))
    if scheme not in _DEFAULT_PORTS:
        raise _bad_address(said("The address must begin with https://."))
    if scheme == "http" and not is_loopback(host):
        raise _bad_address(
            said("http://{host} would send the key unencrypted. Use https://.", host=host)
        )
    if not re.fullmatch(r"[A-Za-z0-9/._~\-]*", parts.path):
        raise _bad_address(said("The path of the address holds signs that no service uses."))
    kept_path = re.split(r"/+v1(?:/|$)", parts.path, maxsplit=1)[0].rstrip("/")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{shown_host}{shown_port}{kept_path}"


def is_loopback(host: str) -> bool:
    """Whether a host name, without brackets, means this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_key(text: str) -> Key:
    """
    The key without what pasting adds: white space, quotes, a leading `Bearer`.

    Raises:
        InvalidRequestError: It cannot be a key. The message never holds it.
    """
    key = text.strip().strip(_QUOTES + _INVISIBLE).strip()
    key = re.sub(r"^bearer\s+", "", key, flags=re.IGNORECASE)
    key = key.strip(_QUOTES + _INVISIBLE).strip()
    if not _KEY.fullmatch(key):
        raise InvalidRequestError(
            said(
                "That is no key: it has {n_key} characters and must have 8 to 200, without "
                "spaces, line breaks or letters beyond ASCII. Copy it again from the service's "
                "console.",
                n_key=len(key),
            ),
            field="api_key",
        )
    return Key(key)


def scrub(text: str, secrets: Collection[str]) -> str:
    """The text without the secrets and without anything that looks like a key."""
    for secret in filter(None, secrets):
        for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
            text = text.replace(spelling, _HIDDEN)
    return _LOOKS_LIKE_A_KEY.sub(_HIDDEN, text)


def _bad_address(message: str) -> InvalidRequestError:
    return InvalidRequestError(
        said("{message} Examples: https://toapis.com, https://toapis.cn.", message=message),
        field="base_url",
    )
