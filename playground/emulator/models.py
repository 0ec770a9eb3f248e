"""Which models the emulated service sells, what each accepts, and what it charges for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

CREDITS_PER_USD = 200
# A model's `created` field; the service shows some such number, and nothing depends on it.
MODEL_CREATED_AT = 1_767_225_600

FLUX_PIXELS: Mapping[tuple[str, str], tuple[int, int]] = {
    ("1:1", "1K"): (1024, 1024),
    ("4:3", "1K"): (1365, 1024),
    ("3:4", "1K"): (1024, 1365),
    ("16:9", "1K"): (1820, 1024),
    ("9:16", "1K"): (1024, 1820),
    ("3:2", "1K"): (1536, 1024),
    ("2:3", "1K"): (1024, 1536),
    ("1:1", "2K"): (2048, 2048),
    ("4:3", "2K"): (2730, 2048),
    ("3:4", "2K"): (2048, 2730),
    ("16:9", "2K"): (3640, 2048),
    ("9:16", "2K"): (2048, 3640),
    ("3:2", "2K"): (3072, 2048),
    ("2:3", "2K"): (2048, 3072),
}
# Black Forest Labs' own rules, which may be what really arrives: multiples of 16, at most 4 MP.
PIXEL_STEP = 16
MAX_PIXELS = 4 * 1024 * 1024

GPT_SHORT_SIDE_PX: Mapping[str, int] = {"1K": 1024, "2K": 2048, "4K": 2160}
GPT_RATIOS = ("1:1", "3:2", "2:3", "4:3", "3:4", "5:4", "4:5", "16:9", "9:16", "2:1", "1:2")
MAX_GPT_SIDE_PX = 3840


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """What one model accepts and costs."""

    name: str
    resolutions: tuple[str, ...]
    credits: Mapping[str, Decimal]  # per picture, by resolution
    max_references: int
    max_pictures: int
    # flux-2 takes the resolution in `metadata`, gpt-image-2 at the top; sizes differ likewise.
    is_flux: bool


FLUX_RESOLUTIONS = ("1K", "2K")
GPT_RESOLUTIONS = ("1K", "2K", "4K")

# flux-2: the credits another reseller with the same credit value publishes for the same
# parameters. gpt-image-2: made up, so that the vendor's quickstart has something to be charged.
MODELS: Mapping[str, ModelRule] = {
    rule.name: rule
    for rule in (
        ModelRule(
            name="flux-2-flex",
            resolutions=FLUX_RESOLUTIONS,
            credits={"1K": Decimal(14), "2K": Decimal(24)},
            max_references=8,
            max_pictures=1,
            is_flux=True,
        ),
        ModelRule(
            name="flux-2-pro",
            resolutions=FLUX_RESOLUTIONS,
            credits={"1K": Decimal(5), "2K": Decimal(7)},
            max_references=8,
            max_pictures=1,
            is_flux=True,
        ),
        ModelRule(
            name="gpt-image-2",
            resolutions=GPT_RESOLUTIONS,
            credits={"1K": Decimal(6), "2K": Decimal(10), "4K": Decimal(16)},
            max_references=16,
            max_pictures=10,
            is_flux=False,
        ),
        ModelRule(
            name="gpt-image-2-vip",
            resolutions=GPT_RESOLUTIONS,
            credits={"1K": Decimal(9), "2K": Decimal(15), "4K": Decimal(24)},
            max_references=16,
            max_pictures=10,
            is_flux=False,
        ),
    )
}
TEXT_MODELS = ("emulated-text-1",)


def cost_usd(credit_count: Decimal) -> Decimal:
    return credit_count / CREDITS_PER_USD


def flux_pixels(size: str, resolution: str, *, is_rounded: bool) -> tuple[int, int]:
    """The published pixels; rounded, the nearest the model's maker says it can produce."""
    width_px, height_px = FLUX_PIXELS[size, resolution]
    if not is_rounded:
        return width_px, height_px
    scale = min(1.0, (MAX_PIXELS / (width_px * height_px)) ** 0.5)
    return _step(width_px * scale), _step(height_px * scale)


def gpt_pixels(size: str, resolution: str) -> tuple[int, int] | None:
    """Pixels of a ratio, of `auto` or of `WxH`; None when the size is none of these."""
    if size == "auto":
        size = "1:1"
    if size in GPT_RATIOS:
        wide, high = (int(part) for part in size.split(":"))
        short_px = GPT_SHORT_SIDE_PX[resolution]
        scale = min(short_px / min(wide, high), MAX_GPT_SIDE_PX / max(wide, high))
        return _step(wide * scale), _step(high * scale)
    width, cross, height = size.partition("x")
    if not (cross and width.isascii() and height.isascii()):
        return None
    if not (width.isdecimal() and height.isdecimal() and len(size) <= len("3840x3840")):
        return None
    width_px, height_px = int(width), int(height)
    if min(width_px, height_px) < PIXEL_STEP or max(width_px, height_px) > MAX_GPT_SIDE_PX:
        return None
    return width_px, height_px


def _step(pixels: float) -> int:
    return max(PIXEL_STEP, int(pixels // PIXEL_STEP) * PIXEL_STEP)
