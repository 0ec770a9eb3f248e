"""What every scene is given: the surface, the brief, the palette and two sources of chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from playground.emulator.drawing.brief import Brief
from playground.emulator.drawing.canvas import Canvas
from playground.emulator.drawing.palette import Palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """
    One picture in the making.

    `plan` is seeded by the prompt alone and decides the composition; `detail` is seeded by prompt
    and seed and decides what differs between repeats.
    """

    canvas: Canvas
    brief: Brief
    palette: Palette
    plan: np.random.Generator
    detail: np.random.Generator

    def wants(self, subject: str) -> bool:
        """Whether the prompt names the subject."""
        return subject in self.brief.subjects

    def about(self, value: float, spread: float) -> float:
        """The value, a little different in every repeat."""
        return value + float(self.detail.uniform(-spread, spread))

    def plan_of(self, part: str) -> np.random.Generator:
        """A fresh source of chance for one part, the same every time it is asked for."""
        return np.random.default_rng([*part.encode(), len(self.brief.caption)])
