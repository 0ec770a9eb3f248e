"""What the pixels of a picture measure: description and guards, never a winner and never one score."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from playground.images.measurement import flattened

N_PALETTE = 6
_SSIM_RADIUS_PX = 5
_SSIM_SIGMA_PX = 1.5
_SSIM_C1 = (0.01 * 255) ** 2
_SSIM_C2 = (0.03 * 255) ** 2
# ITU-R 601-2 luma, as everywhere in this package.
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteColour:
    """One of the main colours and its share of the pixels, 0 to 1."""

    colour: str  # "#rrggbb"
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelMeasures:
    """
    Measures of one picture at one size; comparable only with others made at that size.

    Luminance is 8-bit luma, 0 to 255. Noise counts as sharp.
    """

    width_px: int  # at which it was measured
    height_px: int
    laplacian_variance: float
    tenengrad: float  # mean squared Sobel gradient
    rms_contrast: float  # standard deviation of luminance / 255, 0 to 0.5
    mean_luminance: float
    clipped_dark_share: float  # pixels of luminance 0
    clipped_bright_share: float  # pixels of luminance 255
    colourfulness: float
    entropy_bits: float  # of the histogram of luminance, 0 to 8
    palette: tuple[PaletteColour, ...]  # largest share first


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike a picture is to a reference of equal size."""

    ssim: float  # of luminance, 1 for identical
    psnr_db: float  # infinite for identical


def common_size_px(*images: Image.Image) -> tuple[int, int]:
    """The largest size at which none of the pictures is enlarged in either direction."""
    return min(image.width for image in images), min(image.height for image in images)


def measure_pixels(image: Image.Image, *, size_px: tuple[int, int]) -> PixelMeasures:
    """
    All measures after resampling to that size, as sharpness depends on size.

    Transparency is laid over white. About 0.2 s a megapixel.

    Raises:
        ValueError: The size is under 3 × 3 pixels.

    Source:
        Pech-Pacheco et al. (2000), ICPR 3, 314-317 (variance of the Laplacian); Tenenbaum (1970)
        as in Pertuz, Puig & Garcia (2013), Pattern Recognition 46, 1415-1432 (Tenengrad); Peli
        (1990), JOSA A 7, 2032-2040 (RMS contrast); Hasler & Süsstrunk (2003), SPIE 5007, 87-95,
        equation for M³ (colourfulness); Shannon (1948).
    """
    if min(size_px) < 3:
        raise ValueError(f"Pixels are measured at 3 × 3 and up; got {size_px[0]} × {size_px[1]}.")
    picture = flattened(image).convert("RGB")
    if picture.size != size_px:
        picture = picture.resize(size_px, Image.Resampling.LANCZOS)
    rgb = np.asarray(picture, dtype=np.float64)
    grey = rgb @ _LUMA
    levels = np.bincount(np.rint(grey).astype(np.int64).ravel(), minlength=256) / grey.size
    there = levels[levels > 0]
    return PixelMeasures(
        width_px=size_px[0],
        height_px=size_px[1],
        laplacian_variance=float(_laplacian(grey).var()),
        tenengrad=float(_sobel_squared(grey).mean()),
        rms_contrast=float(grey.std() / 255),
        mean_luminance=float(grey.mean()),
        clipped_dark_share=float(levels[0]),
        clipped_bright_share=float(levels[255]),
        colourfulness=_colourfulness(rgb),
        entropy_bits=float(-(there * np.log2(there)).sum()) + 0.0,
        palette=_palette(picture),
    )


def likeness(image: Image.Image, reference: Image.Image) -> Likeness:
    """
    SSIM and PSNR against a reference, which only pictures of equal size have.

    Raises:
        ValueError: The sizes differ, or are under 11 × 11 pixels.

    Source:
        Wang, Bovik, Sheikh & Simoncelli (2004), IEEE Transactions on Image Processing 13,
        600-612: Gaussian window of 11 × 11, σ = 1.5, K₁ = 0.01, K₂ = 0.03, no borders.
    """
    if image.size != reference.size:
        raise ValueError(
            f"Only pictures of equal size are compared pixel by pixel; got {image.width} × "
            f"{image.height} and {reference.width} × {reference.height}."
        )
    if min(image.size) < 2 * _SSIM_RADIUS_PX + 1:
        raise ValueError(f"SSIM needs 11 × 11 pixels; got {image.width} × {image.height}.")
    a, b = (np.asarray(flattened(each).convert("RGB"), np.float64) for each in (image, reference))
    error = float(((a - b) ** 2).mean())
    return Likeness(
        ssim=_ssim(a @ _LUMA, b @ _LUMA),
        psnr_db=10 * math.log10(255**2 / error) if error else math.inf,
    )


def _laplacian(grey: np.ndarray) -> np.ndarray:
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return np.asarray(around - 4 * middle)


def _sobel_squared(grey: np.ndarray) -> np.ndarray:
    across = grey[:, 2:] - grey[:, :-2]
    down = grey[2:, :] - grey[:-2, :]
    x = across[:-2] + 2 * across[1:-1] + across[2:]
    y = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return np.asarray(x**2 + y**2)


def _colourfulness(rgb: np.ndarray) -> float:
    red, green, blue = (rgb[..., channel] for channel in range(3))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(red_green.std(), yellow_blue.std())
    return spread + 0.3 * math.hypot(red_green.mean(), yellow_blue.mean())


def _palette(picture: Image.Image) -> tuple[PaletteColour, ...]:
    """By median cut (Heckbert 1982), the order among equal shares by colour."""
    small = picture.quantize(N_PALETTE, method=Image.Quantize.MEDIANCUT)
    colours = np.array(small.getpalette() or [], dtype=np.int64).reshape(-1, 3)
    counts = np.bincount(np.asarray(small).ravel(), minlength=len(colours))
    n = picture.width * picture.height
    found = [
        PaletteColour(colour=f"#{red:02x}{green:02x}{blue:02x}", share=int(count) / n)
        for (red, green, blue), count in zip(colours.tolist(), counts, strict=False)
        if count
    ]
    return tuple(sorted(found, key=lambda each: (-each.share, each.colour)))


def _ssim(a: np.ndarray, b: np.ndarray) -> float:
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a = _blurred(a * a) - mean_a**2
    var_b = _blurred(b * b) - mean_b**2
    both = _blurred(a * b) - mean_a * mean_b
    above = (2 * mean_a * mean_b + _SSIM_C1) * (2 * both + _SSIM_C2)
    below = (mean_a**2 + mean_b**2 + _SSIM_C1) * (var_a + var_b + _SSIM_C2)
    return float((above / below).mean())


def _blurred(values: np.ndarray) -> np.ndarray:
    """By the Gaussian window, in one direction after the other, without borders."""
    place = np.arange(-_SSIM_RADIUS_PX, _SSIM_RADIUS_PX + 1)
    window = np.exp(-(place**2) / (2 * _SSIM_SIGMA_PX**2))
    window /= window.sum()
    n = len(window)
    height, width = values.shape
    rows = sum(window[i] * values[i : height - n + 1 + i] for i in range(n))
    return np.asarray(sum(window[i] * rows[:, i : width - n + 1 + i] for i in range(n)))
