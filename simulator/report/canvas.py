"""The style of all figures: size, colours that stay apart for colour-blind readers and in grey; and their PNG.

Figures are drawn 5 inches wide with 9-point letters, legible on a phone and two side by side on a desk.
Text is never parsed as mathematics: a name from a config may hold any character.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simulator.report.number_format import MONTHS, number

__all__: list[str] = []  # used in this folder only


WIDTH, HEIGHT, DPI = 5.0, 3.2, 180
# Okabe and Ito (2008), ordered so that neighbours differ in lightness too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1)),
    (0, (5, 1, 1, 1)),
    (0, (8, 3)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 2)),
)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
MOST_PLANS = 12  # plans in one chart of curves: more cannot be told apart
INK, FAINT = "#1a1a1a", "#8a8a8a"
_MONTHLY = 48  # months of a horizon below which an axis of time counts months
_TICKS = 7
_LINE = 0.19  # inches that a row of a legend takes
# Fonts with letters that DejaVu Sans lacks, the first that a machine has: Chinese, Japanese, Korean, and others.
_FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "IPAexGothic", "IPAGothic", "Droid Sans Fallback",
    "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Emoji", "Unifont",
)  # fmt: skip
_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "hatch.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "text.parse_math": False,
    "axes.unicode_minus": True,
}


class Picture(NamedTuple):
    """A figure with its title, caption and description; `slug` names its file."""

    slug: str
    title: str
    alt: str  # description for those who cannot see it
    caption: str
    figure: Figure


@contextmanager
def drawing_style() -> Iterator[None]:
    """Apply the common style inside the block, whatever the user's own matplotlib settings are."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "font.family": list(_font_names())})
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


def new_canvas(title: str, height: float = HEIGHT, wide: int = 44) -> tuple[Figure, Axes]:
    """An empty figure with one set of axes, without any window system; the title in lines of `wide` letters."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(textwrap.fill(title, wide), pad=8)
    return figure, axes


class _PlanStyle(NamedTuple):
    """Colour, dashes and marker of one plan."""

    colour: str
    dash: str | tuple[int, tuple[int, ...]]
    marker: str


def plan_style(row: int) -> _PlanStyle:
    """The style of plan number `row`: the first 49 are all different, the colours of the first 7."""
    turn = row // len(COLOURS)
    return _PlanStyle(
        COLOURS[row % len(COLOURS)], DASHES[(row + turn) % len(DASHES)], MARKERS[(row + turn) % len(MARKERS)]
    )


def set_time_axis(axes: Axes, first: float, months: int) -> None:
    """Set a horizontal axis of time from `first` (2026.5) on, for `months` months: in years, or in months if few."""
    axes.set_xlim(first, first + months / 12)
    if months < _MONTHLY:
        _months(axes, first, months)
        return
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))
    axes.set_xlabel("calendar year")


def _months(axes: Axes, first: float, months: int) -> None:
    """Ticks every so many months, the year under the first and under each January."""
    step = next(step for step in (1, 2, 3, 6, 12) if months / step <= _TICKS)
    start = round(12 * first)
    ticks = range(-(-start // step) * step, start + months + 1, step)
    labels = [
        f"{MONTHS[at % 12]}\n{at // 12}" if k == 0 or at % 12 < step else MONTHS[at % 12] for k, at in enumerate(ticks)
    ]
    axes.set_xticks([at / 12 for at in ticks], labels)
    axes.set_xlabel("calendar month")


def set_percent_axis(axis: mpl.axis.Axis) -> None:
    """Set tick labels of shares as percent, down to the decimals that a logarithmic axis needs."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.6g} %"))


def add_legend_below(axes: Axes, columns: int = 2) -> None:
    """Add a legend below the axes; the figure grows for every row after the third."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    rows = -(-len(axes.get_legend_handles_labels()[0]) // columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + _LINE * max(rows - 3, 0))
    figure.legend(loc="outside lower center", ncols=columns)


def legend_label(title: str) -> str:
    """A title as the label of a curve: matplotlib leaves labels that begin with an underscore out of legends."""
    return f"\N{HAIR SPACE}{title}" if title.startswith("_") else title


def missing_letters(figure: Figure) -> str:
    """The letters of a figure that no font of this machine has, and that are drawn as boxes."""
    letters = {letter for text in figure.findobj(Text) for letter in text.get_text() if letter.isprintable()}
    return "".join(sorted(letter for letter in letters if ord(letter) not in _glyphs()))


@cache
def _font_names() -> tuple[str, ...]:
    """DejaVu Sans, which comes with matplotlib, and the fonts of this machine that have what it lacks."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _FALLBACKS if name in installed))


@cache
def _glyphs() -> frozenset[int]:
    """The code points that the fonts of the figures have."""
    paths = [font_manager.findfont(name) for name in _font_names()]
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())


def figure_text(value: float) -> str:
    """A number inside a figure, with a real minus sign."""
    return number(value).replace("-", "\N{MINUS SIGN}")


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; metadata hold no date or version, so equal figures are equal bytes."""
    buffer = io.BytesIO()
    with drawing_style():
        figure.savefig(buffer, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()
