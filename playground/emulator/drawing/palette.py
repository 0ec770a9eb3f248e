"""Palettes: which colours a picture is painted in, from its hour, its words and its references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from playground.emulator.drawing.brief import Brief, Hour
from playground.emulator.drawing.colour import Colour, lightness, mix, shift, with_light


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one picture; sky runs from the zenith to the horizon."""

    sky: tuple[Colour, ...]  # four
    light: Colour  # sun, moon, lamps
    far: Colour  # the most distant solid thing
    near: Colour  # the closest, darkest thing
    ground: Colour
    accent: Colour

    @property
    def haze(self) -> Colour:
        """What distance fades into."""
        return mix(self.sky[3], self.sky[2], 0.35)


_BY_HOUR: dict[Hour, tuple[Palette, ...]] = {
    Hour.DAWN: (
        Palette(
            sky=((92, 122, 168), (158, 168, 196), (238, 196, 178), (255, 228, 196)),
            light=(255, 240, 206), far=(158, 160, 190), near=(38, 50, 66),
            ground=(112, 118, 104), accent=(226, 106, 74),
        ),
        Palette(
            sky=((74, 98, 122), (136, 162, 168), (226, 206, 176), (252, 226, 178)),
            light=(255, 236, 188), far=(140, 164, 170), near=(28, 48, 52),
            ground=(104, 116, 92), accent=(214, 92, 72),
        ),
        Palette(
            sky=((106, 100, 150), (176, 142, 176), (244, 178, 168), (255, 214, 178)),
            light=(255, 238, 214), far=(166, 146, 184), near=(44, 40, 70),
            ground=(120, 104, 112), accent=(246, 156, 84),
        ),
    ),
    Hour.DAY: (
        Palette(
            sky=((44, 104, 166), (104, 162, 204), (182, 214, 224), (236, 236, 220)),
            light=(255, 250, 228), far=(142, 178, 198), near=(26, 58, 62),
            ground=(116, 144, 84), accent=(228, 92, 56),
        ),
        Palette(
            sky=((62, 138, 156), (128, 186, 190), (206, 222, 202), (246, 236, 206)),
            light=(255, 248, 214), far=(140, 184, 180), near=(28, 62, 58),
            ground=(138, 150, 82), accent=(232, 120, 62),
        ),
        Palette(
            sky=((84, 118, 158), (148, 174, 196), (208, 214, 212), (242, 232, 214)),
            light=(255, 246, 224), far=(158, 174, 188), near=(40, 54, 62),
            ground=(150, 142, 96), accent=(204, 80, 62),
        ),
    ),
    Hour.DUSK: (
        Palette(
            sky=((28, 34, 70), (84, 66, 116), (204, 104, 98), (254, 186, 102)),
            light=(255, 222, 150), far=(122, 84, 124), near=(18, 20, 40),
            ground=(62, 52, 66), accent=(255, 150, 66),
        ),
        Palette(
            sky=((22, 44, 66), (58, 92, 110), (176, 142, 118), (248, 196, 122)),
            light=(255, 226, 164), far=(84, 104, 118), near=(14, 26, 36),
            ground=(58, 62, 58), accent=(240, 126, 62),
        ),
        Palette(
            sky=((44, 28, 74), (122, 52, 112), (226, 92, 98), (255, 166, 96)),
            light=(255, 210, 138), far=(138, 66, 120), near=(26, 16, 44),
            ground=(70, 44, 64), accent=(255, 188, 92),
        ),
    ),
    Hour.NIGHT: (
        Palette(
            sky=((8, 12, 32), (16, 30, 62), (36, 62, 98), (84, 112, 138)),
            light=(236, 240, 226), far=(44, 68, 100), near=(6, 10, 22),
            ground=(22, 34, 48), accent=(255, 186, 92),
        ),
        Palette(
            sky=((14, 10, 36), (34, 26, 74), (70, 54, 116), (128, 98, 148)),
            light=(246, 236, 222), far=(64, 54, 108), near=(10, 8, 24),
            ground=(32, 28, 52), accent=(255, 146, 110),
        ),
        Palette(
            sky=((6, 20, 30), (12, 46, 60), (28, 84, 94), (92, 138, 134)),
            light=(240, 240, 214), far=(34, 78, 88), near=(4, 14, 20),
            ground=(18, 42, 46), accent=(250, 196, 96),
        ),
    ),
}  # fmt: skip


def _weathered(palette: Palette, brief: Brief) -> Palette:
    sky = palette.sky
    if "storm" in brief.weather or "rain" in brief.weather:
        slate = (66, 76, 92)
        sky = (
            mix(shift(sky[0], light=-0.06), slate, 0.45),
            mix(shift(sky[1], light=-0.08), slate, 0.50),
            mix(sky[2], slate, 0.28),
            sky[3],
        )
    if "fog" in brief.weather:
        pale = shift(sky[3], chroma=0.4)
        sky = (mix(sky[0], pale, 0.35), mix(sky[1], pale, 0.4), mix(sky[2], pale, 0.5), pale)
        palette = replace(palette, far=mix(palette.far, pale, 0.35))
    if "snow" in brief.weather and brief.hour is not Hour.NIGHT:
        palette = replace(palette, ground=mix((226, 232, 242), sky[3], 0.25))
    elif "snow" in brief.weather:
        palette = replace(palette, ground=(122, 144, 178))
    return replace(palette, sky=sky)


def choose(brief: Brief, chance: np.random.Generator, borrowed: Sequence[Colour]) -> Palette:
    """
    The palette of a picture.

    Args:
        brief: What the prompt asks for; its loose colour words become the accent.

        chance: Picks among the palettes of the hour.

        borrowed: Colours of the reference pictures, most frequent first; they tint everything.
    """
    variants = _BY_HOUR[brief.hour]
    palette = variants[int(chance.integers(len(variants)))]
    turn = float(chance.normal(0.0, 0.10))
    palette = replace(
        palette,
        sky=tuple(shift(c, turn=turn) for c in palette.sky),
        far=shift(palette.far, turn=turn),
        ground=shift(palette.ground, turn=turn / 2),
    )
    palette = _weathered(palette, brief)
    if brief.colours:
        palette = replace(palette, accent=brief.colours[0])
    if len(brief.colours) > 1 and not borrowed:
        wash = brief.colours[1]
        palette = replace(palette, ground=mix(palette.ground, wash, 0.35))
    return _borrow(palette, borrowed) if borrowed else palette


def _borrow(palette: Palette, borrowed: Sequence[Colour]) -> Palette:
    """The palette leaning towards the colours of the references, each at its own lightness."""

    def lean(colour: Colour, towards: Colour, share: float) -> Colour:
        return mix(colour, with_light(towards, lightness(colour)), share)

    def pick(i: int) -> Colour:
        return borrowed[i % len(borrowed)]

    vivid = max(borrowed, key=lambda c: max(c) - min(c))
    return replace(
        palette,
        sky=tuple(lean(c, pick(i), 0.7) for i, c in enumerate(palette.sky)),
        far=lean(palette.far, pick(1), 0.7),
        near=lean(palette.near, pick(0), 0.6),
        ground=lean(palette.ground, pick(2), 0.7),
        accent=vivid if max(vivid) - min(vivid) > 60 else palette.accent,
    )
