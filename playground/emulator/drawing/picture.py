"""From a request to the bytes of a picture: composition, hand, type, file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from playground.emulator.drawing import brief, palette
from playground.emulator.drawing.alley import alley
from playground.emulator.drawing.bouquet import flowers
from playground.emulator.drawing.brief import Setting
from playground.emulator.drawing.canvas import Canvas
from playground.emulator.drawing.coast import coast
from playground.emulator.drawing.colour import Colour
from playground.emulator.drawing.cosmos import space
from playground.emulator.drawing.encode import ImageFormat, encode
from playground.emulator.drawing.face import portrait
from playground.emulator.drawing.forest import forest
from playground.emulator.drawing.graphic import abstract, poster
from playground.emulator.drawing.hand import finish, hand_of
from playground.emulator.drawing.land import dunes, mountains
from playground.emulator.drawing.lettering import badge, caption
from playground.emulator.drawing.references import colours_of, decode, hang, steep
from playground.emulator.drawing.room import table
from playground.emulator.drawing.skyline import skyline
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.wall import wall

_SCENES: dict[Setting, Callable[[Stage], None]] = {
    Setting.COAST: coast,
    Setting.MOUNTAINS: mountains,
    Setting.DUNES: dunes,
    Setting.FOREST: forest,
    Setting.SKYLINE: skyline,
    Setting.ALLEY: alley,
    Setting.SPACE: space,
    Setting.TABLE: table,
    Setting.FLOWERS: flowers,
    Setting.WALL: wall,
    Setting.PORTRAIT: portrait,
    Setting.POSTER: poster,
    Setting.ABSTRACT: abstract,
}

# A side below this is painted larger and reduced: nothing can be composed in it.
_SMALLEST_COMPOSED_PX = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSpec:
    """Everything a picture depends on: the same spec always gives the same bytes."""

    model: str  # decides the rendering, and appears nowhere in the picture or its file
    prompt: str
    width: int
    height: int
    references: tuple[bytes, ...]  # PNG, JPEG, WebP or GIF; what cannot be read is left out
    seed: int
    label: str  # a note under the caption, such as a task's number; may be empty


def _seeds(*parts: str | int) -> list[int]:
    text = "\0".join(str(p) for p in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4)]


def _checked(spec: PictureSpec) -> PictureSpec:
    if spec.width < 1 or spec.height < 1:
        raise ValueError(f"A picture needs at least one pixel; got {spec.width} × {spec.height}.")
    return spec


def draw(spec: PictureSpec, *, image_format: ImageFormat) -> bytes:
    """
    A picture for the request: a scene chosen by the prompt, in the palette of its words and references.

    The composition depends on the prompt and the references, its details on the seed too, and the way
    it is rendered on the model. The word EMULATED stands in the lower right corner.

    Raises:
        ValueError: The width or the height is below one pixel.
    """
    _checked(spec)
    canvas = Canvas(max(_SMALLEST_COMPOSED_PX, spec.width), max(_SMALLEST_COMPOSED_PX, spec.height))
    _compose(canvas, spec)
    if canvas.image.size != (spec.width, spec.height):
        small = Canvas(spec.width, spec.height)
        small.image = canvas.image.resize((spec.width, spec.height))
        canvas = small
    _mark(canvas, spec)
    return encode(canvas.image, image_format)


def _compose(canvas: Canvas, spec: PictureSpec) -> None:
    plan_seed = _seeds("plan", spec.prompt)
    references = decode(spec.references)
    read = brief.read(spec.prompt, choice=plan_seed[0])
    plan = np.random.default_rng(plan_seed)
    stage = Stage(
        canvas=canvas, brief=read, palette=palette.choose(read, plan, colours_of(references)), plan=plan,
        detail=np.random.default_rng(_seeds("detail", spec.prompt, spec.seed)),
    )  # fmt: skip
    _SCENES[read.setting](stage)
    if references:
        steep(canvas, references)
        hang(stage, references)
    canvas.image = finish(
        canvas.image,
        hand_of(spec.model),
        np.random.default_rng(_seeds("finish", spec.prompt, spec.seed)),
    )


def _mark(canvas: Canvas, spec: PictureSpec) -> None:
    """The caption and the badge. Whatever a label says, it does not tell which model this was."""
    telling = spec.model.casefold() in spec.label.casefold()
    beside_badge = canvas.width - 0.25 * max(canvas.width, canvas.height)
    caption(
        canvas,
        brief.clean(spec.prompt),
        right=beside_badge,
        note="" if telling else brief.clean(spec.label),
    )
    badge(canvas)


def plain(spec: PictureSpec, *, image_format: ImageFormat) -> bytes:
    """
    A flat picture of the right size, marked EMULATED: two colours made from the spec, quick to draw.

    Raises:
        ValueError: The width or the height is below one pixel.
    """
    _checked(spec)
    seeds = _seeds(
        "plain",
        spec.model,
        spec.prompt,
        spec.seed,
        *(hashlib.sha256(r).hexdigest() for r in spec.references),
    )
    first, second = (_flat_colour(s) for s in seeds[:2])
    canvas = Canvas(spec.width, spec.height, first)
    split = round(spec.width * (0.25 + seeds[2] % 1000 / 2000))
    canvas.image.paste(second, (split, 0, spec.width, spec.height))
    badge(canvas)
    return encode(canvas.image, image_format, grainy=False)


def _flat_colour(seed: int) -> Colour:
    return (60 + seed % 150, 60 + seed // 150 % 150, 60 + seed // 22500 % 150)
