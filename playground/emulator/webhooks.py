"""A webhook's signature, where it may go, and one attempt at delivering it."""

import hashlib
import hmac
import ipaddress
import socket
import ssl
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from playground.emulator.refusals import webhook_not_configured
from playground.emulator.settings import WebhookSettings

USER_AGENT = "ToAPIs-Webhook/1.0"
HTTPS_PORT = 443
HTTP_PORT = 80
# Translates IPv4 into IPv6; the address inside is what counts.
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UndeliveredError(Exception):
    """An attempt that did not end in a 2xx; the text says how it ended."""


def sign(secret: str, *, event_id: str, timestamp: int, body: bytes) -> str:
    """The hex HMAC-SHA256 over `id.timestamp.body`."""
    message = b".".join([event_id.encode(), str(timestamp).encode(), body])
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def headers(
    settings: WebhookSettings, *, event_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The headers of one attempt, with one signature per secret, the current one first."""
    secrets = [settings.secret, *filter(None, [settings.previous_secret])]
    signatures = (
        sign(secret, event_id=event_id, timestamp=timestamp, body=body) for secret in secrets
    )
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-ToAPIs-Webhook-Id": event_id,
        "X-ToAPIs-Webhook-Timestamp": str(timestamp),
        "X-ToAPIs-Webhook-Signature": ",".join(f"v1={signature}" for signature in signatures),
    }


def resolve_callback(settings: WebhookSettings | None, callback_url: str | None) -> str | None:
    """
    Where a task's event goes, None for nowhere.

    A request may change only the path and the query of the URL that was set for the key; anything
    else, or a request for one where none was set, raises `RefusalError`.
    """
    if callback_url is None:
        return settings.url if settings else None
    if settings is None:
        raise webhook_not_configured("callback_url needs a default webhook URL for this key")
    if _origin(callback_url) != _origin(settings.url):
        raise webhook_not_configured(
            "callback_url may differ from the default webhook URL only in path and query"
        )
    return callback_url


def _origin(url: str) -> tuple[str, str | None, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
    except ValueError:
        return None
    user, at, _ = parts.netloc.rpartition("@")
    return parts.scheme, parts.hostname, port, user + at


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet may be reached at."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        ip = inner or ip
    return ip.is_global and not ip.is_multicast


def checked_address(host: str, port: int, *, are_private_allowed: bool) -> tuple[str, int]:
    """The address to connect to; raises `UndeliveredError` if any address of the host is private."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise UndeliveredError(f"no address for {host}") from exc
    addresses = [str(entry[4][0]) for entry in found]
    private = [address for address in addresses if not is_public(address)]
    if private and not are_private_allowed:
        raise UndeliveredError(f"refused: {host} is the private address {private[0]}")
    return addresses[0], port


def post(
    url: str, body: bytes, head: dict[str, str], *, timeout_s: float, are_private_allowed: bool
) -> int:
    """
    One attempt: the 2xx it was answered with, or `UndeliveredError`.

    The host is resolved once and the checked address is the one connected to, so that a name
    cannot turn private in between. Redirects are not followed.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    port = parts.port or (HTTPS_PORT if is_tls else HTTP_PORT)
    host = parts.hostname or ""
    address = checked_address(host, port, are_private_allowed=are_private_allowed)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = HTTPConnection(host, port, timeout=timeout_s)
    try:
        raw = socket.create_connection(address, timeout=timeout_s)
        connection.sock = raw
        if is_tls:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(raw, server_hostname=host)
        connection.request("POST", target, body=body, headers=head)
        status = connection.getresponse().status
    except TimeoutError as exc:
        raise UndeliveredError("timed out") from exc
    except (OSError, HTTPException) as exc:
        raise UndeliveredError(f"{type(exc).__name__}: {exc}") from exc
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise UndeliveredError(f"HTTP {status}")
    return status
