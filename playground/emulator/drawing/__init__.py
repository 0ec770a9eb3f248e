"""The emulator's pictures: real files of the requested pixels, drawn from prompt, references and seed."""

from playground.emulator.drawing.picture import PictureSpec, draw, plain

__all__ = ["PictureSpec", "draw", "plain"]
