"""Reads the body of a create request: what is bought, or why it is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from playground.emulator.models import FLUX_PIXELS, MODELS, ModelRule, flux_pixels, gpt_pixels
from playground.emulator.refusals import invalid_body, invalid_request

DEFAULT_SIZE = "1:1"
DEFAULT_RESOLUTION = "1K"
MAX_CLIENT_ID_CHARS = 128
FLUX_SIZES = tuple(dict.fromkeys(size for size, _ in FLUX_PIXELS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create request that passed every check."""

    rule: ModelRule
    prompt: str
    size: str
    resolution: str
    width_px: int
    height_px: int
    reference_urls: tuple[str, ...]
    n_pictures: int
    client_business_id: str | None
    callback_url: str | None
    body: Mapping[str, Any]  # as it was sent, unknown keys and all

    @property
    def credits(self) -> Decimal:
        return self.rule.credits[self.resolution] * self.n_pictures


def parse_order(raw: bytes, *, is_rounded: bool) -> Order:
    """The order in a request body; raises `RefusalError`."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise invalid_body() from exc
    if not isinstance(body, dict):
        raise invalid_body()
    rule = _rule(body)
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise invalid_request("prompt is required")
    size = _text(body, "size") or DEFAULT_SIZE
    resolution = _resolution(body, rule)
    width_px, height_px = _pixels(rule, size, resolution, is_rounded=is_rounded)
    return Order(
        rule=rule,
        prompt=prompt,
        size=size,
        resolution=resolution,
        width_px=width_px,
        height_px=height_px,
        reference_urls=_references(body, rule),
        n_pictures=_n_pictures(body, rule),
        client_business_id=_client_business_id(body),
        callback_url=_text(body, "callback_url"),
        body=body,
    )


def _rule(body: Mapping[str, Any]) -> ModelRule:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid_request("model is required")
    rule = MODELS.get(model)
    if rule is None:
        raise invalid_request(f"model {model!r} is not supported")
    return rule


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise invalid_request(f"{name} must be a string")


def _resolution(body: Mapping[str, Any], rule: ModelRule) -> str:
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise invalid_request("metadata must be an object")
    name = "metadata.resolution" if rule.is_flux else "resolution"
    value = (metadata or {}).get("resolution") if rule.is_flux else body.get("resolution")
    if value is None:
        return DEFAULT_RESOLUTION
    # gpt-image-2 clients write `1k` as well as `1K`.
    resolution = value.upper() if isinstance(value, str) and not rule.is_flux else value
    if resolution not in rule.resolutions:
        raise invalid_request(f"{name} must be one of {', '.join(rule.resolutions)}")
    return str(resolution)


def _pixels(rule: ModelRule, size: str, resolution: str, *, is_rounded: bool) -> tuple[int, int]:
    if rule.is_flux:
        if size not in FLUX_SIZES:
            raise invalid_request(f"size must be one of {', '.join(FLUX_SIZES)}")
        return flux_pixels(size, resolution, is_rounded=is_rounded)
    pixels = gpt_pixels(size, resolution)
    if pixels is None:
        raise invalid_request("size must be a ratio such as 1:1, WxH in pixels, or auto")
    return pixels


def _references(body: Mapping[str, Any], rule: ModelRule) -> tuple[str, ...]:
    name = "image_urls" if rule.is_flux or "image_urls" in body else "reference_images"
    urls = body.get(name)
    if urls is None:
        return ()
    if not isinstance(urls, list):
        raise invalid_request(f"{name} must be a list of URLs")
    if len(urls) > rule.max_references:
        raise invalid_request(f"{name} takes at most {rule.max_references} images")
    for url in urls:
        _check_reference(name, url)
    return tuple(urls)


def _check_reference(name: str, url: object) -> None:
    if not isinstance(url, str):
        raise invalid_request(f"{name} must hold strings")
    try:
        parts = urlsplit(url)
        is_public = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_public = False
    if not is_public:
        raise invalid_request(f"{name} must hold public http(s) URLs; base64 is not supported")


def _n_pictures(body: Mapping[str, Any], rule: ModelRule) -> int:
    if rule.is_flux:
        return 1  # flux-2 has no `n`; clients send it all the same, and it is ignored
    n = body.get("n", 1)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= rule.max_pictures:
        raise invalid_request(f"n must be a whole number from 1 to {rule.max_pictures}")
    return n


def _client_business_id(body: Mapping[str, Any]) -> str | None:
    value = _text(body, "client_business_id")
    if value is None or value == "":
        return None
    if len(value) > MAX_CLIENT_ID_CHARS or not value.isprintable():
        raise invalid_request(
            f"client_business_id must be at most {MAX_CLIENT_ID_CHARS} printable characters"
        )
    return value
