"""The network: the paid request sent once, everything free asked patiently, pictures fetched safely."""

from playground.client.addresses import check_public_url
from playground.client.download import Download, Downloader
from playground.client.service import Service
from playground.client.transport import TimeLimits, Transports

__all__ = [
    "Download",
    "Downloader",
    "Service",
    "TimeLimits",
    "Transports",
    "check_public_url",
]
