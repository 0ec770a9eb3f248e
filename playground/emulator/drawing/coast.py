"""The sea: swell in perspective, glitter under the sun, cliffs and headlands."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing import animals, subjects
from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.colour import Floats, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, line_noise, sample, smoothstep, tile_noise
from playground.emulator.drawing.land import rock
from playground.emulator.drawing.sky import disc, mist, rain, sky, stars
from playground.emulator.drawing.stage import Stage


def coast(stage: Stage) -> None:
    """A sea under a large sky, a headland far away, a cliff on one side."""
    canvas, palette, plan = stage.canvas, stage.palette, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    stormy = "storm" in stage.brief.weather
    horizon = h * plan.uniform(0.60, 0.66)
    cliff_left = bool(plan.random() < 0.5)
    sun_at = 0.70 if cliff_left else 0.30
    low = stage.brief.hour in (Hour.DUSK, Hour.DAWN)
    sun = (w * stage.about(sun_at, 0.05), horizon - u * (0.09 if low else plan.uniform(0.3, 0.4)))
    sky(stage, horizon=horizon, sun=sun, cloudiness=1.0 if stormy else plan.uniform(0.35, 0.6))
    if stage.brief.hour is Hour.NIGHT:
        stars(stage, bottom=horizon, n=int(380 * w / u))
    if not stormy or low:
        disc(stage, sun, u * (0.115 if stage.wants("moon") else 0.05 if stormy else 0.065))
    _headland(stage, horizon, cliff_left)
    _sea(stage, horizon=horizon, sun=sun, rough=1.0 if stormy else 0.45)
    mist(stage, top=horizon - u * 0.05, bottom=horizon + u * 0.05, opacity=0.45)
    if stage.wants("boat") or not stage.wants("lighthouse"):
        reach = 0.30 if cliff_left else -0.30
        subjects.boat(stage, (w * (0.5 + 0.5 * reach), horizon + (h - horizon) * 0.22), u * 0.17)
    top, edge = _cliff(stage, horizon, cliff_left)
    if stage.wants("lighthouse"):
        at = (edge * 0.52) if cliff_left else w - (w - edge) * 0.52
        subjects.lighthouse(
            stage, (at, float(top[int(np.clip(at, 0, w - 1))]) + u * 0.012), u * 0.36
        )
    else:
        animals.creature(
            stage,
            ground=lambda x: float(top[int(np.clip(x, 0, w - 1))]),
            size=u * 0.24,
            x=edge * 0.5 if cliff_left else (w + edge) / 2,
        )
    if stage.wants("birds") or not stormy:
        subjects.birds(stage, (w * (0.62 if cliff_left else 0.36), horizon - u * 0.26))
    if "rain" in stage.brief.weather:
        rain(stage, n=int(700 * w / u), colour=mix(palette.haze, (255, 255, 255), 0.4))


def _headland(stage: Stage, horizon: float, cliff_left: bool) -> None:
    canvas, palette, u = stage.canvas, stage.palette, stage.canvas.unit
    t = np.linspace(0, 1, canvas.width)
    if cliff_left:
        t = 1 - t
    bumps = line_noise(stage.detail, canvas.width, cells=7, octaves=5) * 0.10
    rise = smoothstep(0.45, 0.0, t) * (0.65 + bumps) + smoothstep(0.34, 0.22, t) * 0.2
    line = np.asarray(horizon + 2 - u * 0.12 * rise, dtype=np.float32)
    body = mix(palette.far, palette.sky[2], 0.35)
    foot = mix(body, palette.haze, 0.6)
    rock(
        stage,
        line,
        horizon + u * 0.03,
        (body, shift(body, light=-0.05), mix(body, palette.light, 0.3), foot),
        sun_x=canvas.width * (0.7 if cliff_left else 0.3),
        cells=14,
    )


def _sea(stage: Stage, *, horizon: float, sun: tuple[float, float], rough: float) -> None:
    canvas, palette = stage.canvas, stage.palette
    box = (0, int(horizon), canvas.width, canvas.height)
    if box[3] - box[1] < 4:
        return
    width, height = canvas.soft_size(box)
    scale = width / canvas.width
    x, y = grid(width, height)
    unit = canvas.unit * scale
    near = y / height
    depth = 1.0 / (near + 0.035)
    drift = stage.detail.uniform(0, 512, 4)
    tile = tile_noise(stage.detail, 256, cells=5, octaves=5, gain=0.55)
    across = (x - width / 2) / unit * depth
    ones = np.ones_like(x)
    swell = sample(tile, across * 26 + drift[0], depth * 62 * ones + drift[1])
    chop = sample(tile, across * 66 + swell * 14 + drift[2], depth * 190 * ones + drift[3])
    calm = smoothstep(0.0, 0.10, near)
    wave = (swell - 0.5) * 1.15 + (chop - 0.5) * 0.55
    slope = np.gradient(wave, axis=0) * 16 * (0.25 + near) * calm
    deep = mix(shift(palette.sky[0], light=0.02), palette.near, 0.45)
    middle = mix(palette.sky[1], deep, 0.42)
    mirror = mix(palette.sky[3], palette.sky[2], 0.45)
    tone = (
        0.70 * (1 - near) ** 2.2 + 0.18 + slope * (0.6 + 0.5 * rough) + wave * 0.14 * rough * calm
    )
    paint = tint(
        tone, ramp((shift(deep, light=-0.06), deep, middle, mirror), at=(0.0, 0.24, 0.55, 0.98))
    ).astype(np.float32)
    lane = np.exp(-(((x - sun[0] * scale) / (unit * (0.05 + 0.24 * near))) ** 2))
    glitter = lane * smoothstep(0.0, 0.32, slope + (chop - 0.42) * 0.55 + 0.22 * (1 - near))
    glow = 0.55 if stage.brief.hour is Hour.NIGHT else 0.92
    paint += (np.asarray(palette.light, dtype=np.float32) - paint) * (glitter * glow)[..., None]
    if rough > 0.8:
        crest = smoothstep(0.30, 0.46, wave + 0.10 * near) * smoothstep(0.05, 0.3, near)
        lace = crest * smoothstep(0.40, 0.60, sample(tile, across * 150, depth * 420 * ones))
        foam = mix(palette.haze, (255, 255, 255), 0.45)
        paint += (np.asarray(foam, dtype=np.float32) - paint) * (lace * 0.75)[..., None]
    canvas.cover(np.clip(paint, 0, 255).astype(np.uint8), box)


def _cliff(stage: Stage, horizon: float, left: bool) -> tuple[Floats, float]:
    """The near cliff; its skyline, y per column, and the x where it ends."""
    canvas, palette, rng = stage.canvas, stage.palette, stage.detail
    w, h, u = canvas.width, canvas.height, canvas.unit
    reach = min(0.52 * w, 0.62 * u)
    t = np.linspace(0, w / reach, w)
    bumps = line_noise(rng, w, cells=9 * w / u, octaves=6, gain=0.55)
    top = horizon - u * (0.12 + 0.05 * np.clip(1 - t, 0, 1)) + bumps * u * 0.010
    face = smoothstep(0.78, 1.06, np.asarray(t + bumps * 0.030, dtype=np.float32))
    line = top + face**1.3 * (h * 1.02 - top)
    tumbled = (
        smoothstep(1.62, 0.94, np.asarray(t, dtype=np.float32))
        * (1 - 0)
        * u
        * 0.17
        * (0.62 + 0.35 * bumps)
    )
    line = np.minimum(line, h - tumbled + u * 0.03).astype(np.float32)
    if not left:
        line = line[::-1].copy()
    body = mix(palette.near, palette.ground, 0.42)
    shades = (
        body,
        mix(palette.near, body, 0.25),
        mix(body, palette.light, 0.50),
        mix(body, palette.near, 0.75),
    )
    rock(stage, line, h, shades, sun_x=w if left else 0, cells=16 * w / u, haze=0.75)
    turf = mix(mix(palette.ground, (72, 96, 58), 0.5), palette.near, 0.35)
    crown = np.where((t if left else t[::-1]) < 0.86, line, h + 5).astype(np.float32)
    ragged = crown + u * (0.016 + 0.010 * line_noise(rng, w, cells=40 * w / u, octaves=3))
    skin = canvas.below(crown, h).without(canvas.below(np.asarray(ragged, dtype=np.float32), h))
    canvas.lay(skin, turf)
    return line, reach if left else w - reach
