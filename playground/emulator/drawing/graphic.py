"""Graphic sheets: posters with type, geometric tiles, cut paper and flow lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageChops

from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Canvas, Fade
from playground.emulator.drawing.colour import Colour, Floats, lightness, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, noise, sample, smoothstep, tile_noise
from playground.emulator.drawing.lettering import break_lines, drawable, fit, ink_for
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import rect

Area = tuple[float, float, float, float]

_INKS: tuple[tuple[Colour, ...], ...] = (
    # paper, then four inks, dark to light
    ((240, 230, 210), (28, 44, 72), (206, 72, 52), (236, 168, 66), (112, 158, 156)),
    ((24, 38, 62), (238, 226, 200), (226, 96, 66), (242, 186, 92), (82, 142, 158)),
    ((232, 226, 214), (34, 34, 40), (196, 60, 62), (62, 108, 148), (224, 190, 120)),
    ((246, 236, 218), (52, 38, 62), (226, 120, 92), (240, 196, 130), (96, 122, 106)),
    ((30, 32, 38), (240, 234, 220), (236, 120, 70), (96, 168, 162), (220, 188, 104)),
)
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "with",
        "and",
        "for",
        "from",
        "to",
        "by",
        "that",
        "says",
        "text",
        "saying",
        "poster",
        "minimalist",
        "minimal",
        "style",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Press:
    """A sheet on the press: the stage and its few inks."""

    stage: Stage
    paper: Colour
    inks: tuple[Colour, Colour, Colour, Colour]

    @property
    def canvas(self) -> Canvas:
        return self.stage.canvas


def _press(stage: Stage) -> _Press:
    paper, *inks = _INKS[int(stage.plan.integers(len(_INKS)))]
    a, b, c, d = inks
    named = stage.brief.colours
    if named:
        b = named[0]
        d = mix(b, paper, 0.45)
    if len(named) > 1:
        c = named[1]
    if stage.brief.hour is Hour.NIGHT and lightness(paper) > 0.6:
        paper, a = shift(a, light=-0.04), paper
    if abs(lightness(paper) - lightness(b)) < 0.14:
        b = shift(b, light=0.22 if lightness(paper) < 0.6 else -0.24)
    return _Press(stage=stage, paper=paper, inks=(a, b, c, d))


def _sheet(press: _Press) -> None:
    """The paper, with its fibres and a breath of light across it."""
    canvas = press.canvas
    width, height = canvas.soft_size()
    x, y = grid(width, height)
    fibre = noise(press.stage.detail, width, height, cells=40, octaves=3, gain=0.8)
    tone = 0.56 - 0.16 * (x / width + y / height) / 2 + (fibre - 0.5) * 0.08
    table = ramp((shift(press.paper, light=-0.07), press.paper, shift(press.paper, light=0.05)))
    canvas.cover(tint(np.asarray(tone, dtype=np.float32), table))


def poster(stage: Stage) -> None:
    """A poster: one bold figure, and type set to the width of its column."""
    press = _press(stage)
    _sheet(press)
    canvas, plan = stage.canvas, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    margin = u * 0.075
    wide = w > h * 1.15
    title = stage.brief.lettering[0] if stage.brief.lettering else _title(stage.brief.caption)
    if wide:
        figure: Area = (w * 0.46, margin, w - margin, h - margin * 1.9)
        column: Area = (margin, margin, w * 0.42, h - margin * 2.2)
    else:
        split = h - margin * 1.9 - min(h * 0.34, w * 0.42)
        figure, column = (
            (margin, margin, w - margin, split - margin * 0.7),
            (margin, split, w - margin, h - margin * 1.9),
        )
    if stage.wants("jazz"):
        _record(press, figure)
    else:
        (_arches, _tiles, _sunrise)[int(plan.integers(3))](press, figure)
    _set_title(press, title, column, centred=False)


def _title(text: str) -> str:
    words = [w.strip(".,;:!?()[]") for w in text.split()]
    kept = [w for w in words if w and w.lower() not in _SMALL_WORDS][:3]
    return " ".join(kept).upper()[:32]


def _set_title(press: _Press, title: str, area: Area, *, centred: bool) -> None:
    canvas, u = press.canvas, press.canvas.unit
    face, plain = drawable(title)
    if not plain:
        return
    left, top, right, bottom = area
    lines = break_lines(plain, most=4 if right - left < bottom - top else 2)
    masks, _ = fit(
        lines,
        right - left,
        bottom - top - u * 0.05,
        face=face,
        bold=0.045,
        tracking=0.0,
        leading=1.06,
    )
    tall = masks[-1].top + masks[-1].image.height
    y = bottom - tall
    canvas.shape(
        rect(left, y - u * 0.040, left + u * 0.16, y - u * 0.030),
        press.inks[1],
    )
    for i, mask in enumerate(masks):
        shift_x = (right - left - mask.image.width) / 2 if centred else 0
        ink = press.inks[1] if len(masks) > 1 and i == len(masks) - 1 else press.inks[0]
        canvas.lay(mask.moved(left + shift_x, y), ink)


def _record(press: _Press, area: Area) -> None:
    """A record, its sleeve of bars, a row of piano keys: for anything that swings."""
    canvas, rng = press.canvas, press.stage.detail
    left, top, right, bottom = area
    a, b, c, d = press.inks
    wide, tall = right - left, bottom - top
    r = min(wide * 0.46, tall * 0.40)
    cx, cy = right - r * 1.02, top + r * 1.02
    n = max(6, round(wide / (r * 0.17)))
    for i in range(n):
        # Bars of different lengths read as rhythm.
        reach = tall * (
            0.22 + 0.70 * abs(np.sin(i * 0.9 + rng.uniform(-0.25, 0.25)) * np.cos(i * 0.37))
        )
        x = left + wide * i / n
        canvas.shape(
            rect(x, bottom - reach, x + wide / n * 0.62, bottom),
            (d, c, b)[i % 3],
            opacity=0.92,
        )
    vinyl = (26, 24, 30)
    canvas.disc(cx + r * 0.03, cy + r * 0.05, r, (0, 0, 0), opacity=0.22)
    canvas.disc(cx, cy, r, vinyl)
    _grooves(canvas, cx, cy, r)
    canvas.disc(cx, cy, r * 0.36, b)
    canvas.disc(cx, cy, r * 0.33, mix(b, press.paper, 0.18))
    canvas.disc(cx, cy, r * 0.20, c)
    canvas.disc(cx, cy, r * 0.035, press.paper)
    arm = canvas.unit * 0.010
    elbow = (right - r * 0.10, top + r * 1.30)
    canvas.lines(
        [([(right - r * 0.05, top + r * 0.08), elbow, (cx + r * 0.52, cy + r * 0.62)], arm)], a
    )
    canvas.disc(right - r * 0.05, top + r * 0.08, r * 0.10, a)
    canvas.disc(right - r * 0.05, top + r * 0.08, r * 0.045, press.paper)
    keys = max(8, round(wide / (canvas.unit * 0.055)))
    step, key_top = wide / keys, bottom - tall * 0.15
    canvas.shape(rect(left, key_top, right, bottom), (246, 242, 232))
    canvas.lines(
        [
            ([(left + i * step, key_top), (left + i * step, bottom)], canvas.unit * 0.003)
            for i in range(keys + 1)
        ],
        vinyl,
    )
    canvas.lines([([(left, bottom), (right, bottom)], canvas.unit * 0.004)], vinyl)
    for i in range(1, keys):
        if i % 7 not in (3, 0):
            x = left + i * step
            canvas.shape(
                rect(x - step * 0.29, key_top, x + step * 0.29, key_top + (bottom - key_top) * 0.6),
                vinyl,
            )


def _grooves(canvas: Canvas, cx: float, cy: float, r: float) -> None:
    """Fine rings, and the two fans of light that turn with nothing."""
    n = int(min(900, r * 2))
    gx, gy = grid(n, n)
    dx, dy = gx / n * 2 - 1, gy / n * 2 - 1
    radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    ring = 0.5 + 0.5 * np.sin(radius * 190) * smoothstep(1.0, 0.94, radius)
    fan = np.abs(np.cos(angle - 0.7)) ** 18 + 0.6 * np.abs(np.cos(angle - 2.1)) ** 40
    tone = 0.10 + 0.05 * ring + fan * (0.26 + 0.16 * ring) * smoothstep(1.02, 0.85, radius)
    paint = tint(
        np.asarray(tone, dtype=np.float32), ramp(((14, 13, 17), (120, 120, 132), (236, 236, 240)))
    )
    box = (round(cx - r), round(cy - r), round(cx - r) + round(2 * r), round(cy - r) + round(2 * r))
    canvas.disc(cx, cy, r * 0.985, canvas.sheet(paint, box))


def _arches(press: _Press, area: Area) -> None:
    """Concentric arches, one group taller than the next."""
    canvas, rng = press.canvas, press.stage.detail
    left, top, right, bottom = area
    wide, tall = right - left, bottom - top
    r0 = min(wide * 0.36, tall * 0.62)
    canvas.disc(right - r0 * 0.46, top + r0 * 0.42, r0 * 0.40, press.inks[2])
    for k, (x, scale) in enumerate(
        ((left + r0, 1.0), (left + wide * 0.72, 0.72), (left + wide * 0.50, 0.44))
    ):
        order = [press.inks[(k + i + int(rng.integers(0, 2))) % 4] for i in range(5)]
        for i in range(6):
            r = r0 * scale * (1 - i / 6)
            paint = press.paper if i == 5 else order[i % 5]
            foot = bottom
            spring = max(top + r, bottom - tall * 0.30 * scale)
            a = np.linspace(np.pi, 2 * np.pi, 90)
            arch = np.stack([x + r * np.cos(a), spring + r * np.sin(a)], axis=1)
            canvas.shape(np.concatenate([arch, [(x + r, foot), (x - r, foot)]]), paint)


def _sunrise(press: _Press, area: Area) -> None:
    """A sun cut by lines that grow towards the bottom, over hills."""
    canvas = press.canvas
    left, top, right, bottom = area
    wide, tall = right - left, bottom - top
    r = min(wide * 0.40, tall * 0.42)
    cx, cy = left + wide * press.stage.about(0.5, 0.08), top + tall * 0.46
    sun = canvas.stencil((cx - r, cy - r, cx + r, cy + r))
    sun.disc(cx, cy, r)
    for i in range(7):
        y = cy + r * (0.02 + i * 0.14)
        sun.polygon(
            rect(cx - r, y, cx + r, y + r * 0.012 * (i + 1)),
            ink=0,
        )
    canvas.lay(sun.mask(), Fade(stops=(press.inks[2], press.inks[1]), start=cy - r, end=cy + r))
    frame = canvas.stencil((left, top, right, bottom))
    frame.polygon(rect(left, top, right, bottom))
    inside = frame.mask()
    x = np.linspace(0, 6, 120)
    for i, ink in enumerate(
        (press.inks[3], mix(press.inks[0], press.inks[3], 0.45), press.inks[0])
    ):
        crest = (
            bottom
            - tall * (0.30 - 0.095 * i)
            - np.sin(x * (0.9 + 0.2 * i) + i * 2 + press.stage.about(0, 0.6)) * tall * 0.055
        )
        hills = canvas.stencil((left, top, right, bottom))
        hills.polygon(
            np.concatenate(
                [np.stack([left + x / 6 * wide, crest], axis=1), [(right, bottom), (left, bottom)]]
            )
        )
        canvas.lay(hills.mask().within(inside), ink)


def _tiles(press: _Press, area: Area) -> None:
    """Squares filled with quarter circles, halves, dots and bars."""
    canvas, rng = press.canvas, press.stage.detail
    left, top, right, bottom = area
    wide, tall = right - left, bottom - top
    side = min(wide, tall) / max(3, round(4 * min(wide, tall) / max(1.0, min(wide, tall))))
    columns, rows = max(1, round(wide / side)), max(1, round(tall / side))
    sx, sy = wide / columns, tall / rows
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * sx, top + row * sy
            _tile(canvas, rng, (x, y, x + sx, y + sy), (press.paper, *press.inks))


def _tile(canvas: Canvas, rng: np.random.Generator, cell: Area, inks: tuple[Colour, ...]) -> None:
    x0, y0, x1, y1 = cell
    ground, ink, third = (inks[i] for i in rng.permutation(len(inks))[:3].tolist())
    canvas.shape(rect(x0, y0, x1, y1), ground)
    side_x, side_y = x1 - x0, y1 - y0
    kind = int(rng.integers(6))
    cut = canvas.stencil(cell)
    cx, cy = (x0 if rng.random() < 0.5 else x1), (y0 if rng.random() < 0.5 else y1)
    if kind in (0, 1):
        for share, paint in ((1.0, ink), (0.66, third), (0.33, ground)) if kind else ((1.0, ink),):
            ring = canvas.stencil(cell)
            ring.disc(cx, cy, side_x * share, side_y * share)
            canvas.lay(ring.mask(), paint)
        return
    if kind == 2:
        cut.disc((x0 + x1) / 2, (y0 + y1) / 2, side_x * 0.36, side_y * 0.36)
    elif kind == 3:
        cut.disc((x0 + x1) / 2, cy, side_x * 0.5, side_y * 0.5)
    elif kind == 4:
        for i in range(4):
            y = y0 + side_y * (i + 0.25) / 4
            cut.polygon(rect(x0, y, x1, y + side_y / 8))
    else:
        cut.polygon([(x0, y1), (cx, y0), (x1, y1)])
    canvas.lay(cut.mask(), ink)


def abstract(stage: Stage) -> None:
    """No thing at all: cut paper, flow lines or tiles."""
    kind = int(stage.plan.integers(3))
    press = _press(stage)
    if kind == 0:
        _cut_paper(press)
    elif kind == 1:
        _flow(press)
    else:
        _sheet(press)
        m = stage.canvas.unit * 0.07
        _tiles(press, (m, m, stage.canvas.width - m, stage.canvas.height - m * 1.9))
    if stage.brief.lettering:
        u = stage.canvas.unit
        tag = replace(
            press, inks=(ink_for(press.inks[0]), press.inks[2], press.inks[1], press.inks[3])
        )
        area = (
            u * 0.14,
            stage.canvas.height * 0.36,
            stage.canvas.width - u * 0.14,
            stage.canvas.height * 0.64,
        )
        stage.canvas.shape(
            rect(area[0] - u * 0.05, area[1] - u * 0.05, area[2] + u * 0.05, area[3] + u * 0.05),
            press.inks[0],
        )
        _set_title(tag, stage.brief.lettering[0], area, centred=True)


def _levels(field: Floats, n: int) -> Floats:
    return np.asarray(np.floor(np.clip(field, 0, 0.999) * n) / n, dtype=np.float32)


def _cut_paper(press: _Press) -> None:
    """Sheets of paper cut along contour lines, each lying on the one below and shading it."""
    canvas, rng = press.canvas, press.stage.detail
    width, height = canvas.soft_size()
    field = noise(rng, width, height, cells=1.15, octaves=3, gain=0.36)
    x, y = grid(width, height)
    bowl = 1 - np.hypot(x / width - 0.5, y / height - 0.5) * 0.9
    field = np.asarray((field - 0.5) * 1.15 + bowl * 0.75 - 0.02, dtype=np.float32)
    n = 9
    light, dark = (
        (press.paper, press.inks[0])
        if lightness(press.paper) > lightness(press.inks[0])
        else (press.inks[0], press.paper)
    )
    stops = (
        mix(light, press.inks[2], 0.25),
        press.inks[2],
        press.inks[1],
        mix(press.inks[1], dark, 0.55),
        mix(dark, press.inks[3], 0.12),
    )
    base = ramp(stops, n)
    t = np.arange(256) / 255 * n
    low = np.clip(np.floor(t), 0, n - 1).astype(int)
    ease = np.clip((t - low - 0.965) / 0.035, 0, 1)[:, None]
    high = np.clip(low + 1, 0, n - 1)
    table = base[low] * (1 - ease) + base[high] * ease
    # A hair of light along every cut edge is what makes it paper.
    rim = np.clip(1 - np.abs(t - low - 0.02) / 0.025, 0, 1)[:, None] * (low > 0)[:, None] * 18
    tone = Image.fromarray((np.clip(1 - field, 0, 1) * 255).astype(np.uint8)).resize(
        (canvas.width, canvas.height), Image.Resampling.BICUBIC
    )
    tone.putpalette(np.clip(table + rim, 0, 255).astype(np.uint8).tobytes())
    sheet = tone.convert("RGB")
    steps = _levels(1 - field, n)
    reach = max(1, round(min(width, height) * 0.020))
    yy, xx = (
        np.clip(np.arange(height) - reach, 0, None)[:, None],
        np.clip(np.arange(width) - reach // 2, 0, None)[None, :],
    )
    above = Image.fromarray((255 - steps * 255).astype(np.uint8))
    soft = (
        np.asarray(
            above.resize((max(2, width // 6), max(2, height // 6)), Image.Resampling.BOX).resize(
                (width, height), Image.Resampling.BICUBIC
            ),
            dtype=np.float32,
        )
        / 255
    )
    cast = np.clip(soft[yy, xx] - (1 - steps), 0, 1) * n
    shade = 1 - 0.52 * smoothstep(0.0, 1.1, np.asarray(cast, dtype=np.float32))
    mask = Image.fromarray((shade * 255).astype(np.uint8)).resize(
        (canvas.width, canvas.height), Image.Resampling.BILINEAR
    )
    canvas.image.paste(ImageChops.multiply(sheet, Image.merge("RGB", (mask, mask, mask))))


def _flow(press: _Press) -> None:
    """Lines that follow a field, thick where it calms, in the press's inks."""
    _sheet(press)
    canvas, rng = press.canvas, press.stage.detail
    w, h, u = canvas.width, canvas.height, canvas.unit
    tile = tile_noise(rng, 128, cells=2, octaves=3, gain=0.4)
    n, steps = int(520 * (w * h) ** 0.5 / u), 46
    x, y = rng.uniform(-0.05, 1.05, n) * w, rng.uniform(-0.05, 1.05, n) * h
    ink = np.sin(x / w * 4.1) + np.cos(y / h * 3.3) + rng.normal(0, 0.35, n)
    path = np.empty((steps, n, 2), dtype=np.float32)
    turn = press.stage.plan.uniform(0, 6.28)
    for i in range(steps):
        path[i, :, 0], path[i, :, 1] = x, y
        angle = sample(tile, np.asarray(x / u * 46), np.asarray(y / u * 46)) * 5.2 + turn
        x, y = x + np.cos(angle) * u * 0.0085, y + np.sin(angle) * u * 0.0085
    width = u * (0.0025 + 0.011 * rng.beta(1.1, 2.6, n))
    order = np.argsort(ink)
    inks = (*press.inks, mix(press.inks[1], press.inks[2], 0.5))
    for k, lot in enumerate(np.array_split(order, len(inks))):
        cut = canvas.stencil()
        for i in lot.tolist():
            cut.line(path[:, i], float(width[i]))
        canvas.lay(cut.mask(), inks[(k * 2) % len(inks)])
