"""Pixel measures against pictures whose measures follow from what they are."""

import math

import numpy as np
import pytest
from PIL import Image, ImageFilter

from playground.images.pixels import common_size_px, likeness, measure_pixels

SIZE = (64, 48)


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", SIZE, colour)


def noise(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def halves(left: str, right: str) -> Image.Image:
    image = plain(left)
    image.paste(Image.new("RGB", (SIZE[0] // 2, SIZE[1]), right), (SIZE[0] // 2, 0))
    return image


def of(image: Image.Image):
    return measure_pixels(image, size_px=SIZE)


def test_one_colour_has_no_edges_no_contrast_and_no_entropy():
    found = of(plain("#808080"))

    assert found.laplacian_variance == pytest.approx(0)
    assert found.tenengrad == pytest.approx(0)
    assert found.rms_contrast == pytest.approx(0)
    assert found.entropy_bits == 0
    assert found.mean_luminance == pytest.approx(128)
    assert [(c.colour, c.share) for c in found.palette] == [("#808080", 1.0)]
    assert (found.width_px, found.height_px) == SIZE


def test_half_black_half_white():
    found = of(halves("#000000", "#ffffff"))

    assert (found.clipped_dark_share, found.clipped_bright_share) == (0.5, 0.5)
    assert found.rms_contrast == pytest.approx(0.5)
    assert found.entropy_bits == pytest.approx(1)
    assert found.colourfulness == pytest.approx(0, abs=1e-9)
    assert [(c.colour, c.share) for c in found.palette] == [("#000000", 0.5), ("#ffffff", 0.5)]
    # Two of the 62 inner columns see the edge: a Sobel gradient of 4 × 255, a Laplacian of ±255.
    assert found.tenengrad == pytest.approx(2 / 62 * (4 * 255) ** 2)
    assert found.laplacian_variance == pytest.approx(2 / 62 * 255**2)


def test_colourfulness_follows_hasler_and_suesstrunk():
    red_blue = of(halves("#ff0000", "#0000ff"))

    # rg is 255 or 0, yb is 127.5 or −255: by hand.
    spread = math.hypot(127.5, 191.25)
    mean = math.hypot(127.5, -63.75)
    assert red_blue.colourfulness == pytest.approx(spread + 0.3 * mean)
    assert of(plain("#ff0000")).colourfulness == pytest.approx(0.3 * math.hypot(255, 127.5))


def test_blur_is_less_sharp_and_noise_is_sharper_still():
    sharp = noise()
    blurred = sharp.filter(ImageFilter.GaussianBlur(2))

    assert of(blurred).laplacian_variance < of(sharp).laplacian_variance / 10
    assert of(blurred).tenengrad < of(sharp).tenengrad
    assert of(blurred).entropy_bits < of(sharp).entropy_bits <= 8


def test_both_pictures_are_brought_to_one_size_first():
    large, small = noise(size=(128, 96)), noise(size=(100, 48))

    size_px = common_size_px(large, small)

    assert size_px == (100, 48)
    found = measure_pixels(large, size_px=size_px)
    assert (found.width_px, found.height_px) == size_px


def test_transparency_is_white_and_a_tiny_size_is_refused():
    clear = Image.new("RGBA", SIZE, (0, 0, 0, 0))

    assert of(clear).clipped_bright_share == 1
    with pytest.raises(ValueError, match="2 × 9"):
        measure_pixels(clear, size_px=(2, 9))


def test_a_picture_is_wholly_like_itself():
    found = likeness(noise(), noise())

    assert found.ssim == pytest.approx(1)
    assert found.psnr_db == math.inf


def test_a_constant_difference_has_the_psnr_of_its_square():
    found = likeness(plain("#808080"), plain("#8a8a8a"))

    assert found.psnr_db == pytest.approx(10 * math.log10(255**2 / 100))
    # Without structure only the luminance term is left: (2ab + C₁) / (a² + b² + C₁).
    c1 = (0.01 * 255) ** 2
    assert found.ssim == pytest.approx((2 * 128 * 138 + c1) / (128**2 + 138**2 + c1))


def test_unrelated_noise_is_unlike_and_likeness_is_mutual():
    one, two = noise(1), noise(2)

    assert abs(likeness(one, two).ssim) < 0.1
    assert likeness(one, two) == likeness(two, one)


def test_only_pictures_of_equal_size_are_compared():
    with pytest.raises(ValueError, match="64 × 48 and 32 × 32"):
        likeness(noise(), noise(size=(32, 32)))
    with pytest.raises(ValueError, match="11 × 11"):
        likeness(noise(size=(10, 20)), noise(size=(10, 20)))
