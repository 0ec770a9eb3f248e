"""Open country: mountains over a lake, and dunes."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing import animals, subjects
from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Colour, Floats, mix, ramp, shift, tint
from playground.emulator.drawing.fields import enlarge, grid, line_noise, noise, relief, smoothstep
from playground.emulator.drawing.sky import disc, mist, sky, snowfall, stars
from playground.emulator.drawing.stage import Stage


def hills(stage: Stage, *, base: float, height: float, cells: float) -> Floats:
    """A rolling skyline, y per column."""
    width = stage.canvas.width
    swell = line_noise(
        stage.detail, width, cells=cells * width / stage.canvas.unit, octaves=3, gain=0.4
    )
    return np.asarray(base - height * (0.5 + 0.42 * swell), dtype=np.float32)


def _peaks(stage: Stage, *, base: float, height: float, cells: float, rough: float) -> Floats:
    """A jagged skyline, y per column: summits and saddles in turn, broken up by finer and finer steps."""
    rng, width = stage.detail, stage.canvas.width
    n = max(5, round(cells * 2 * width / stage.canvas.unit) + 3)
    knots = (np.arange(n) + rng.uniform(-0.34, 0.34, n)) / (n - 3) - 1.0 / (n - 3)
    levels = np.where(np.arange(n) % 2 == 0, rng.uniform(0.0, 0.38, n), rng.uniform(0.5, 1.0, n))
    columns = np.linspace(0, 1, width)
    flank = np.interp(columns, knots, levels)
    steps = line_noise(
        rng, width, cells=cells * 7 * width / stage.canvas.unit, octaves=6, gain=0.52
    )
    return np.asarray(base - height * (flank + rough * steps * (0.3 + flank)), dtype=np.float32)


def _slopes(line: Floats, width: int, cells: float) -> Floats:
    """How steeply the skyline falls to the right, about -1..1, at `width` samples, smoothed."""
    knots = max(8, round(cells))
    smooth = enlarge(enlarge(line[None], knots, 1), width, 1)[0]
    slope = np.gradient(smooth)
    return np.asarray(slope / (np.abs(slope).mean() * 1.6 + 1e-6), dtype=np.float32)


def rock(
    stage: Stage,
    line: Floats,
    bottom: float,
    colours: tuple[Colour, Colour, Colour, Colour],
    *,
    sun_x: float,
    cells: float,
    snow: float = 0.0,
    haze: float = 0.9,
) -> None:
    """A mountain body: flanks lit from the sun's side, fading into haze at its foot."""
    canvas = stage.canvas
    top = max(0, int(line.min()) - 2)
    box = (0, top, canvas.width, min(canvas.height, int(bottom)))
    if box[3] - box[1] < 4:
        return
    width, height = canvas.soft_size(box)
    scale = width / canvas.width
    x, y = grid(width, height)
    skyline = enlarge(line[None], width, 1) * scale
    depth = np.clip((y + top * scale - skyline) / (canvas.unit * scale), 0, 1)
    crag = noise(stage.detail, width, height, cells=5, octaves=6, gain=0.62)
    # Flanks hang from the skyline: the line that parts light from shade wanders as it descends.
    wander = line_noise(stage.detail, 512, cells=9, octaves=5, gain=0.6)
    drift = wander[np.clip(depth * 900, 0, 511).astype(np.intp)] * depth**0.8 * 0.16 + (
        crag - 0.5
    ) * 0.10 * np.sqrt(depth)
    index = np.clip(x + drift * canvas.unit * scale, 0, width - 1).astype(np.intp)
    side = 1.0 if sun_x > canvas.width / 2 else -1.0
    broad, fine = _slopes(line, width, cells), _slopes(line, width, cells * 5)
    facing = (broad[index] + 0.5 * fine[index]) * side
    stone = relief(crag, sun=(side, 0.6), depth=0.055 * height)
    lit = np.clip(smoothstep(-0.25, 0.35, facing) * 0.62 + (stone - 0.5) * 0.75 + 0.2, 0, 1)
    body, shadow, light, foot = colours
    paint = tint(lit, ramp((shadow, body, light), at=(0.05, 0.45, 1.0))).astype(np.float32)
    if snow > 0:
        reach = snow * (0.35 + 1.3 * crag + 0.25 * np.clip(facing, -1, 1))
        cap = smoothstep(0.03, -0.02, depth - reach * 0.28)[..., None]
        white = tint(lit, ramp((mix(shadow, (210, 222, 244), 0.62), (248, 250, 252)))).astype(
            np.float32
        )
        paint += (white - paint) * cap
    fog = smoothstep(0.02, 0.40, depth)[..., None]
    paint += (np.asarray(foot, dtype=np.float32) - paint) * fog * haze
    sheet = canvas.sheet(np.clip(paint, 0, 255).astype(np.uint8), box)
    canvas.lay(canvas.below(line, bottom), sheet)


def conifers(stage: Stage, line: Floats, *, n: int, size: float, colour: Colour) -> None:
    """A row of conifers standing on a skyline, all in one colour."""
    canvas, rng = stage.canvas, stage.detail
    xs = np.sort(rng.uniform(-0.02, 1.02, n)) * canvas.width
    groups = np.clip(0.6 + line_noise(rng, canvas.width, cells=5, octaves=2) * 0.5, 0.12, 1.2)
    columns = np.clip(xs, 0, canvas.width - 1).astype(np.intp)
    tall = size * groups[columns] * rng.uniform(0.55, 1.25, n)
    feet = line[columns] + size * 0.08
    stencil = canvas.stencil((0, float((feet - tall).min()), canvas.width, float(feet.max()) + 2))
    for x, foot, height in zip(xs.tolist(), feet.tolist(), tall.tolist(), strict=True):
        stencil.polygon(_conifer(rng, x, foot, height))
    canvas.lay(stencil.mask(), colour)


def _conifer(rng: np.random.Generator, x: float, foot: float, height: float) -> Floats:
    tiers = 9
    t = np.linspace(0, 1, tiers + 1)[1:]
    reach = height * 0.23 * t**0.85
    left, right = rng.uniform(0.75, 1.15, (2, tiers)) * reach
    drop = foot - height + height * t * 0.97
    notch = 0.52
    side_l = np.stack([x - left, drop, x - left * notch, drop - height * 0.012], axis=1).reshape(
        -1, 2
    )
    side_r = np.stack([x + right, drop, x + right * notch, drop - height * 0.012], axis=1).reshape(
        -1, 2
    )
    return np.concatenate([[(x, foot - height)], side_r, side_l[::-1]]).astype(np.float32)


def mountains(stage: Stage) -> None:
    """Ridge behind ridge, a lake or a valley of mist, conifers in front."""
    canvas, palette, plan = stage.canvas, stage.palette, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * plan.uniform(0.56, 0.63)
    sun = (
        w * stage.about(plan.choice([0.24, 0.33, 0.67, 0.76]), 0.04),
        horizon - min(h * 0.42, u * 0.62) * plan.uniform(0.7, 0.95),
    )
    stormy, snowy = "storm" in stage.brief.weather, "snow" in stage.brief.weather
    sky(stage, horizon=horizon, sun=sun, cloudiness=0.95 if stormy else plan.uniform(0.3, 0.6))
    if stage.brief.hour is Hour.NIGHT:
        stars(stage, bottom=horizon, n=int(420 * w / u))
    if not stormy:
        disc(stage, sun, u * (0.115 if stage.wants("moon") else plan.uniform(0.045, 0.07)))
    layers = 4
    for i in range(layers):
        t = i / (layers - 1)
        line = _peaks(
            stage, base=horizon + h * (0.03 + 0.06 * t), height=u * (0.38 - 0.22 * t),
            cells=1.1 + 0.9 * t, rough=0.055 + 0.03 * t,
        )  # fmt: skip
        body = mix(palette.far, palette.near, 0.10 + 0.60 * t**1.2)
        glint = mix(body, palette.light, 0.55 - 0.25 * t)
        foot = mix(body, palette.haze, 0.80 - 0.35 * t)
        snow = (1.1 if snowy else 0.55) * (1 - t) ** 0.7 if snowy or i == 0 else 0.0
        shades = (body, shift(mix(body, palette.sky[0], 0.25), light=-0.10), glint, foot)
        rock(
            stage,
            line,
            horizon + h * 0.13,
            shades,
            sun_x=sun[0],
            cells=(4 + 4 * t) * w / u,
            snow=snow,
        )
        if i < layers - 1:
            mist(
                stage, top=horizon - h * 0.08 + h * 0.06 * t, bottom=horizon + h * 0.14, opacity=0.6
            )
        if i == 2:
            conifers(
                stage,
                line + u * 0.06,
                n=int(150 * w / u),
                size=u * 0.04,
                colour=mix(body, palette.near, 0.5),
            )
    _shore(stage, horizon + h * 0.10, sun)
    if stage.wants("balloon"):
        subjects.balloons(stage, horizon)
    if stage.wants("birds"):
        subjects.birds(stage, (w * 0.5, horizon - u * 0.3))
    if snowy:
        snowfall(stage, n=int(260 * w / u))


def _shore(stage: Stage, water: float, sun: tuple[float, float]) -> None:
    """The lake, which mirrors what is above it, and the dark bank in front."""
    canvas, palette = stage.canvas, stage.palette
    h, w, u = canvas.height, canvas.width, canvas.unit
    mirror(stage, int(water), blur=0.010, depth=0.35)
    canvas.glow(sun[0], water, u * 0.5, palette.light, strength=0.34, ry=u * 0.10)
    mist(stage, top=water - h * 0.05, bottom=water + h * 0.05, opacity=0.5)
    bank = hills(stage, base=h * 1.0, height=u * 0.14, cells=1.4)
    dark = palette.near
    canvas.lay(
        canvas.below(bank, h),
        Fade(stops=(mix(dark, palette.ground, 0.30), dark), start=h * 0.86, end=h),
    )
    tree = mix(dark, palette.ground, 0.12)
    conifers(stage, bank + u * 0.012, n=int(34 * w / u), size=u * 0.20, colour=tree)
    if stage.wants("cabin"):
        x = w * 0.66
        subjects.cabin(stage, (x, float(bank[int(x)]) + u * 0.02), u * 0.12)
    animals.creature(stage, ground=lambda x: float(bank[int(np.clip(x, 0, w - 1))]), size=u * 0.26)


def mirror(stage: Stage, line: int, *, blur: float, depth: float) -> None:
    """Everything above the line, reflected below it in rippled water, `depth` darker at the bottom."""
    canvas, palette = stage.canvas, stage.palette
    tall = canvas.height - line
    if tall < 4:
        return
    source = canvas.image.crop((0, max(0, line - tall), canvas.width, line)).resize(
        (canvas.width // 2 or 1, max(2, tall // 2))
    )
    pixels = np.asarray(source)[::-1]
    rows, columns = pixels.shape[:2]
    x, y = grid(columns, rows)
    ripple = noise(stage.detail, columns, rows, cells=26, octaves=3, stretch=9)
    reach = np.clip(y / rows, 0.04, 1) * canvas.unit * blur
    dy = (ripple - 0.5) * reach * 14
    index_y = np.clip(y + dy, 0, rows - 1).astype(np.intp)
    index_x = np.clip(x + (ripple - 0.5) * reach * 3, 0, columns - 1).astype(np.intp)
    water = pixels[index_y, index_x].astype(np.float32)
    deep = np.asarray(mix(palette.near, palette.sky[0], 0.55), dtype=np.float32)
    share = (0.12 + depth * (y / rows))[..., None] + (np.clip(ripple - 0.55, 0, 1) * 0.5)[..., None]
    water += (deep - water) * share
    sheen = (smoothstep(0.62, 0.82, ripple) * 0.22)[..., None]
    water += (np.asarray(palette.sky[3], dtype=np.float32) - water) * sheen
    canvas.cover(np.clip(water, 0, 255).astype(np.uint8), (0, line, canvas.width, canvas.height))


def dunes(stage: Stage) -> None:
    """Dunes with one lit and one shaded side, and a large sun."""
    canvas, palette, plan = stage.canvas, stage.palette, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * plan.uniform(0.44, 0.52)
    sun = (w * stage.about(plan.uniform(0.3, 0.7), 0.03), horizon - u * plan.uniform(0.10, 0.24))
    sky(stage, horizon=horizon, sun=sun, cloudiness=plan.uniform(0.0, 0.25))
    if stage.brief.hour is Hour.NIGHT:
        stars(stage, bottom=horizon, n=int(600 * w / u))
    disc(stage, sun, u * 0.10)
    sand = {Hour.NIGHT: (74, 78, 112), Hour.DAY: (226, 186, 126)}.get(
        stage.brief.hour, (222, 146, 94)
    )
    sand = mix(sand, palette.accent, 0.15)
    for i in range(5):
        t = i / 4
        line = hills(
            stage,
            base=horizon + (h - horizon) * (0.06 + 0.80 * t**1.3),
            height=u * (0.10 + 0.13 * t),
            cells=1.1 - 0.3 * t,
        )
        lit = mix(mix(sand, palette.light, 0.34), palette.haze, 0.60 * (1 - t))
        dark = mix(shift(sand, light=-0.20 - 0.10 * t), palette.haze, 0.55 * (1 - t))
        _dune(stage, line, lit, dark, sun[0])
    animals.creature(stage, ground=lambda x: float(line[int(np.clip(x, 0, w - 1))]), size=u * 0.24)


def _dune(stage: Stage, line: Floats, lit: Colour, dark: Colour, sun_x: float) -> None:
    """One dune: from its summits an S of a crest runs down and parts light from shade."""
    canvas, rng = stage.canvas, stage.detail
    w, h, u = canvas.width, canvas.height, canvas.unit
    body = canvas.below(line, h)
    top = float(line.min())
    canvas.lay(body, Fade(stops=(lit, mix(lit, dark, 0.55)), start=top, end=top + u * 0.55))
    step = max(1, w // 400)
    coarse = line[::step]
    side = -1.0 if sun_x > w / 2 else 1.0
    summits = np.flatnonzero((coarse[1:-1] < coarse[:-2]) & (coarse[1:-1] <= coarse[2:])) + 1
    t = np.linspace(0, 1, 60)
    for summit in (summits * step).tolist():
        fall = u * rng.uniform(0.45, 0.7)
        bend = rng.uniform(0.10, 0.2) * u
        crest = np.stack(
            [
                summit
                + side * (-0.5 * bend * t + bend * np.sin(2.6 * np.pi * t) * t * (1 - 0.5 * t)),
                line[summit] + fall * t,
            ],
            axis=1,
        )
        edge = summit + side * u * 0.9
        cut = canvas.stencil(
            (min(summit, edge) - bend * 2, top, max(summit, edge) + bend * 2, line[summit] + fall)
        )
        cut.polygon(
            np.concatenate(
                [crest, [(edge, line[summit] + fall), (edge, top - 2), (summit, top - 2)]]
            )
        )
        shade = cut.mask().within(body)
        across = Fade(stops=(dark, mix(dark, lit, 0.9)), start=summit, end=edge, across=True)
        canvas.lay(shade, across, opacity=0.9)
