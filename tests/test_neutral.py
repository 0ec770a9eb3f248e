"""Bare copies: the pixels as they look, and not one word about where they come from."""

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from playground.errors import PictureError
from playground.images.neutral import neutral_png
from tests.judging_rig import a_picture


def shown(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_pixels_stay_and_everything_becomes_png(format_):
    data = a_picture(format_, seed=3)

    copy = shown(neutral_png(data))

    assert (copy.format, copy.mode, copy.info) == ("PNG", "RGB", {})
    assert copy.tobytes() == shown(data).convert("RGB").tobytes()


def test_transparency_stays():
    out = BytesIO()
    Image.new("RGBA", (8, 8), (10, 20, 30, 40)).save(out, "PNG")

    copy = shown(neutral_png(out.getvalue()))

    assert (copy.mode, copy.getpixel((0, 0))) == ("RGBA", (10, 20, 30, 40))


def test_a_profile_that_is_srgb_anyway_only_goes():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = a_picture("JPEG", icc_profile=srgb)

    copy = shown(neutral_png(data))

    assert copy.info == {}
    assert copy.tobytes() == shown(data).tobytes()


def test_another_profile_is_worked_into_the_pixels(monkeypatch):
    # A profile Pillow can make that is not sRGB by name: the same colours, called otherwise.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    monkeypatch.setattr(ImageCms, "getProfileDescription", lambda _: "Wide")
    turned = []

    def turn(image, own, srgb, *, outputMode):  # noqa: N803 (the library's name)
        turned.append((own is not srgb, outputMode))
        return Image.eval(image, lambda value: 255 - value)

    monkeypatch.setattr(ImageCms, "profileToProfile", turn)
    data = a_picture("PNG", icc_profile=srgb)

    copy = shown(neutral_png(data))

    assert turned == [(True, "RGB")]
    assert copy.info == {}
    assert copy.getpixel((0, 0)) == tuple(255 - value for value in shown(data).getpixel((0, 0)))


def test_a_damaged_profile_changes_nothing():
    data = a_picture("PNG", icc_profile=b"no profile at all")

    assert shown(neutral_png(data)).tobytes() == shown(data).tobytes()


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"no picture", a_picture()[:-40]])
def test_what_is_no_whole_picture_is_refused(data):
    with pytest.raises(PictureError):
        neutral_png(data)
