"""One self-contained HTML page: its style inside, no script, nothing fetched, and no text that is markup."""

import re
from collections.abc import Sequence

from playground.markup import Child, Markup, el, join
from playground.report.tables import Table
from playground.results.checks import Check, Outcome
from playground.results.claims import ClaimCheck

_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SIGNS = {Outcome.GOOD: "✓ good", Outcome.WARN: "! look", Outcome.UNKNOWN: "? not known"}
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --mark: #2d6cdf; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; } td.sign { white-space: nowrap; }
.scroll { overflow-x: auto; } .note { opacity: .8; max-width: 45rem; }
.verdict { font-size: 1.3rem; max-width: 45rem; } .notice { background: var(--soft);
  border-left: 4px solid var(--mark); padding: .5rem .8rem; }
.bar { position: relative; height: 1.6rem; margin: .3rem 0 .2rem; background: var(--soft); }
.bar i { position: absolute; top: 0; bottom: 0; }
.bar .range { background: var(--mark); opacity: .45; } .bar .point { width: 3px; background: var(--mark); }
.bar .half { width: 1px; background: currentColor; }
.ends { display: flex; justify-content: space-between; font-size: .85rem; }
img { max-width: 100%; height: auto; }
@media print { body { margin: 0; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""


def page(title: str, *children: Child, notice: str | None = None) -> str:
    """
    A whole document with `title` as its heading.

    Args:
        notice: Said above everything else, such as that the pictures are emulated.
    """
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("title", title),
        el("style", Markup(_STYLE)),
    )
    top = None if notice is None else el("p", notice, class_="notice")
    body = el("body", el("main", el("h1", title), top, *children))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def section(title: str, *children: Child) -> Markup:
    """A heading and what stands under it."""
    return el("section", el("h2", title), *children)


def sentence(text: str, *, class_: str | None = None) -> Markup:
    """A paragraph; what stands between ** and ** is bold, and nothing else is markup."""
    parts = _BOLD.split(text)
    words = [el("strong", part) if place % 2 else part for place, part in enumerate(parts)]
    return el("p", *words, class_=class_)


def table(content: Table) -> Markup:
    """A section with the table and its note."""
    head = el("tr", *(el("th", name, scope="col") for name in content.columns))
    rows = (
        el("tr", el("th", row[0], scope="row"), *(el("td", cell) for cell in row[1:]))
        for row in content.rows
    )
    return section(
        content.title,
        None if content.note is None else el("p", content.note, class_="note"),
        el("div", el("table", el("thead", head), el("tbody", *rows)), class_="scroll"),
    )


def interval_bar(
    low: float, estimate: float, high: float, *, left: str, right: str, words: str
) -> Markup:
    """A share with its interval on a line from 0 to 100 %, half marked; `left` wins at 0."""
    bar = el(
        "div",
        el("i", class_="range", style=f"left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"),
        el("i", class_="point", style=f"left:{100 * estimate:.2f}%"),
        el("i", class_="half", style="left:50%"),
        class_="bar",
        role="img",
        aria_label=words,
    )
    ends = el(
        "div", el("span", f"← {left}"), el("span", "even"), el("span", f"{right} →"), class_="ends"
    )
    return join((bar, ends))


def checks(found: Sequence[Check]) -> Markup:
    """ "Can you trust this?" with every check, whichever way it turned out."""
    rows = (
        el("tr", el("td", _SIGNS[check.outcome], class_="sign"), el("td", check.sentence))
        for check in found
    )
    return section("Can you trust this?", el("table", el("tbody", *rows)))


def claims(found: Sequence[ClaimCheck]) -> Markup:
    """The vendor's sentences, each with what was measured."""
    return section("What the vendor says", el("ul", *(el("li", c.sentence) for c in found)))
