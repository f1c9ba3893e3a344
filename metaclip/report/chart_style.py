"""Draw charts of one size and one palette, as SVG for pages and as SVG and PNG files."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

INK, MUTED, GRID, GROUND = "#1b1f24", "#5f6873", "#dfe3e8", "#ffffff"
BEFORE, AFTER, OTHER = "#8791a0", "#0b7285", "#c2570c"
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    GROUND: "var(--ground)",
    BEFORE: "var(--before)",
    AFTER: "var(--after)",
    OTHER: "var(--other)",
}
"""Each colour of a chart, and the variable of the page's style sheet that replaces it."""
_WIDTH, _HEIGHT = 5.0, 3.3
"""Inches: at 72 points each, text of 10 points is readable on a screen 400 pixels wide."""
_DPI = 200
_LABEL = 28
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    # Texts from crawls may hold dollar signs.
    "text.parse_math": False,
    "figure.facecolor": GROUND,
    "axes.facecolor": GROUND,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
}


@dataclass(frozen=True)
class Chart:
    """A finished chart. `title` and `text` describe it for a reader who can't see it."""

    name: str
    title: str
    text: str
    svg: bytes
    png: bytes

    @property
    def inline(self) -> str:
        """The SVG element as a page holds it: colours are variables, ids are its own."""
        svg = self.svg.decode()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
        for colour, variable in _VARIABLES.items():
            svg = svg.replace(colour, variable)
        svg = re.sub(r'\bid="', f'id="{self.name}-', svg)
        svg = re.sub(r"url\(#", f"url(#{self.name}-", svg)
        return re.sub(r'xlink:href="#', f'xlink:href="#{self.name}-', svg)


class Canvas:
    """One chart in the making: draw on `axes`, then `finish`."""

    def __init__(self, height: float = _HEIGHT) -> None:
        self._rc = mpl.rc_context(_RC)
        self._rc.__enter__()
        self.figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        self.axes: Axes = self.figure.subplots()

    def finish(self, name: str, title: str, text: str) -> Chart:
        """Return the chart; the same numbers give the same bytes."""
        try:
            svg, png = io.BytesIO(), io.BytesIO()
            with mpl.rc_context({"svg.hashsalt": name}):
                self.figure.savefig(svg, format="svg", metadata={"Date": None})
            self.figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
        finally:
            self._rc.__exit__(None, None, None)
        return Chart(name, title, text, svg.getvalue(), png.getvalue())


def short(number: float) -> str:
    """Return a number for an axis: 950, 20k, 1.5M, 2B."""
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= unit:
            return f"{number / unit:.4g}{letter}"
    return f"{number:.4g}"


def label(text: str) -> str:
    """Return a text as the label of a bar: printable, and short."""
    shown = "".join("\ufffd" if unicodedata.category(c)[0] == "C" else c for c in text)
    return shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 1]}…"


def number_axis(axes: Axes, *, x: bool = False, y: bool = False) -> None:
    """Write numbers in short on linear axes."""
    formatter = FuncFormatter(lambda value, _: short(value))
    for axis, chosen in ((axes.xaxis, x), (axes.yaxis, y)):
        if chosen:
            axis.set_major_formatter(formatter)


def log_axis(axes: Axes, *, x: bool = False, y: bool = False) -> None:
    """Make axes logarithmic, with ticks at powers of ten; a short axis has 2 and 5 too."""
    if x:
        axes.set_xscale("log")
    if y:
        axes.set_yscale("log")
    for axis, chosen in ((axes.xaxis, x), (axes.yaxis, y)):
        if chosen:
            least, most = axis.get_data_interval()
            steps = (1.0,) if most > 30 * least else (1.0, 2.0, 5.0)
            axis.set_major_locator(LogLocator(10, subs=steps, numticks=8))
            axis.set_minor_formatter(NullFormatter())
    number_axis(axes, x=x, y=y)
