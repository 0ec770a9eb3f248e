"""Copies that say nothing but their pixels: for pictures shown to somebody who must not know whose they are."""

from io import BytesIO

from PIL import Image, ImageCms

from playground.images.copies import upright
from playground.images.decoding import damage_reported, decode

# Somebody is waiting: level 1 takes a quarter of the time of level 6, for a sixth more bytes.
_LEVEL = 1


def neutral_png(data: bytes) -> bytes:
    """
    A result's picture as a PNG of its pixels alone: upright, RGB or RGBA, no metadata, no profile.

    Pixels stay as they are, unless there is a colour profile other than sRGB: then they are
    turned into sRGB, so that they look as they did.

    Raises:
        PictureError: Not a whole PNG, JPEG or WebP picture.
    """
    image = decode(data)
    out = BytesIO()
    with damage_reported(f"{image.width} × {image.height} pixels"):
        mode = "RGBA" if image.has_transparency_data else "RGB"
        plain = upright(_in_srgb(image, mode)).copy()
        plain.info = {}
        plain.save(out, "PNG", compress_level=_LEVEL)
    return out.getvalue()


def _in_srgb(image: Image.Image, mode: str) -> Image.Image:
    profile = image.info.get("icc_profile")
    # Of the other modes a profile is about inks or greys; the browser goes by the plain numbers.
    if profile and image.mode in ("RGB", "RGBA"):
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(own):
                turned = ImageCms.profileToProfile(
                    image, own, ImageCms.createProfile("sRGB"), outputMode=image.mode
                )
                image = image if turned is None else turned
        except (ImageCms.PyCMSError, OSError):
            pass  # a damaged profile: browsers show such a picture without it
    return image if image.mode == mode else image.convert(mode)
