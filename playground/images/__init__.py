"""Pictures on disk: checked to the last byte, measured, kept under a crash-safe protocol, made small for lists."""

from playground.images.decoding import MAX_PIXELS
from playground.images.measurement import hamming, measure, same_picture
from playground.images.storage import keep
from playground.images.thumbnails import inline_jpeg, thumbnail

__all__ = ["MAX_PIXELS", "hamming", "inline_jpeg", "keep", "measure", "same_picture", "thumbnail"]
