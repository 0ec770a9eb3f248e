"""A finished comparison as Python and a notebook see it."""

import base64
import html
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground import images
from playground.schema import Comparison, Origin, Run, RunStatus

_INLINE_PX = 640


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ComparisonResult:
    """The runs of a comparison, by lane then repeat; some may have failed and say why."""

    comparison: Comparison
    runs: tuple[Run, ...]
    data_dir: Path

    @property
    def is_complete(self) -> bool:
        """Every picture that was asked for is there."""
        return sum(run.status == RunStatus.SUCCEEDED for run in self.runs) == self._wanted

    @property
    def _wanted(self) -> int:
        return len(self.comparison.lanes) * self.comparison.repeats

    @property
    def is_emulated(self) -> bool:
        return any(run.origin == Origin.EMULATED for run in self.runs)

    @property
    def charged_usd(self) -> Decimal | None:
        """What billing said in all; None as soon as one amount is not known."""
        total = Decimal(0)
        for run in self.runs:
            if run.status in (RunStatus.REFUSED, RunStatus.CANCELLED):
                continue
            if run.charged_usd is None:
                return None
            total += run.charged_usd
        return total

    def path(self, run: Run) -> Path | None:
        """The picture file of a run; None if it has none."""
        return None if run.file is None else self.data_dir / run.file

    def to_json(self) -> dict[str, Any]:
        """Plain types only: text, numbers, None; money and times as text."""
        return {
            "comparison_id": self.comparison.comparison_id,
            "complete": self.is_complete,
            "emulated": self.is_emulated,
            "charged_usd": None if self.charged_usd is None else str(self.charged_usd),
            "runs": [run_json(run, self.path(run)) for run in self.runs],
        }

    def __repr__(self) -> str:
        pictures = sum(run.status == RunStatus.SUCCEEDED for run in self.runs)
        origin = "emulated" if self.is_emulated else "live"
        return f"<{self.comparison.comparison_id}: {pictures} of {self._wanted} pictures, {origin}>"

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<figure style="margin:0;flex:1 1 280px;min-width:0">{_picture(self.path(run), run)}'
            f'<figcaption style="font:13px sans-serif">{_caption(run)}</figcaption></figure>'
            for run in self.runs
        )
        badge = " · EMULATED" if self.is_emulated else ""
        return (
            f'<div style="font:13px sans-serif"><p>{html.escape(self.comparison.prompt)}{badge}</p>'
            f'<div style="display:flex;flex-wrap:wrap;gap:12px">{cells}</div></div>'
        )


def run_json(run: Run, path: Path | str | None) -> dict[str, Any]:
    """Every column of a run in plain types, and the absolute path of its picture as `path`."""
    columns = {name: _plain(getattr(run, name)) for name in run.__slots__}
    return {**columns, "path": None if path is None else str(path)}


def _plain(value: object) -> object:
    if value is None or isinstance(value, int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _picture(path: Path | None, run: Run) -> str:
    if path is None:
        return f"<p><b>{html.escape(run.status)}</b></p>"
    small = base64.b64encode(images.inline_jpeg(path, max_px=_INLINE_PX)).decode()
    return (
        f'<img alt="{html.escape(run.model)}: {html.escape(run.prompt, quote=True)}" '
        f'style="width:100%;height:auto" src="data:image/jpeg;base64,{small}">'
    )


def _caption(run: Run) -> str:
    parts = [f"<b>{html.escape(run.model)}</b>"]
    if run.width_px is not None:
        parts.append(f"{run.width_px}×{run.height_px}")
    if run.total_s is not None:
        parts.append(f"{run.total_s:.1f} s")
    if run.charged_usd is not None:
        parts.append(f"${run.charged_usd} charged")
    elif run.estimate_usd is not None:
        parts.append(f"${run.estimate_usd} {run.estimate_kind}")
    if run.error_message is not None:
        parts.append(html.escape(run.error_message))
    if run.service_message is not None:
        parts.append(f"The service: {html.escape(run.service_message)}")
    return " · ".join(parts)
