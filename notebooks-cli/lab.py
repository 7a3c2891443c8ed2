# SPDX-License-Identifier: Apache-2.0
"""What the notebooks share: calls of fmtlab, figures that are readable in grey, tables."""

import csv
import io
import json
import os
import pathlib
import subprocess
import tempfile

import matplotlib.pyplot as plt
import numpy
from cycler import cycler
from IPython.display import display

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("FMTLAB") or str(ROOT / ".build" / "release" / "fmtlab")

# A line is told from another by its dashes and markers; colours only help. Their lightness falls from 0.2 to 0.6.
COLOURS = ["#000000", "#9a3b00", "#0a5ca8", "#3f8f5f", "#b0568f", "#b38600"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "x"]

plt.rcParams.update({
    "figure.figsize": (7.6, 3.8), "figure.constrained_layout.use": True, "figure.facecolor": "white",
    "figure.constrained_layout.w_pad": 0.08, "figure.constrained_layout.h_pad": 0.08,
    "font.size": 10, "axes.titlesize": 10, "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.6, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.4, "lines.markersize": 4.5,
    "legend.frameon": False, "legend.handlelength": 3.2, "legend.fontsize": 9,
    "axes.prop_cycle": cycler(color=COLOURS) + cycler(linestyle=DASHES) + cycler(marker=MARKERS),
    "svg.hashsalt": "fmtlab", "svg.fonttype": "path",
})


def run(*arguments, accept=(0,), text=None):
    """What fmtlab prints on standard output, as it is; an exit status that is not accepted raises."""
    command = [PROGRAM, *map(str, arguments)]
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode not in accept:
        raise RuntimeError(f"{' '.join(command[1:])}: exit status {result.returncode}\n{result.stderr}")
    return result.stdout


def fmtlab(*arguments, accept=(0,), text=None):
    """The JSON document of a command, "inf", "-inf" and "nan" as numbers."""
    return numbers(json.loads(run(*arguments, "--json", "--quiet", accept=accept, text=text)))


def rows(*arguments, accept=(0,)):
    """The CSV of a command, a dictionary for each row."""
    return list(csv.DictReader(io.StringIO(run(*arguments, "--csv", "--quiet", accept=accept))))


def numbers(value):
    """The document with its three words for non-finite numbers as numbers."""
    if isinstance(value, dict):
        return {key: item if key in ("class", "hex", "input", "exact") else numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return float(value) if value in ("inf", "-inf", "nan") else value


def rounded(values, format, *options):
    """The numbers, each rounded once by fmtlab."""
    text = "\n".join(float(value).hex() for value in values)
    return [result["value"] for result in fmtlab("round", "--to", format, *options, "-", text=text)["results"]]


def quantised(array, format, *options):
    """The array in the format, rounded by fmtlab."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "x.npy", pathlib.Path(folder) / "y.npy"
        numpy.save(source, array)
        run("quantize", source, "--to", format, *options, "-o", target, "--quiet")
        return numpy.load(target)


def style(index):
    """Colour, dashes and marker of the series of this index, for series that are drawn in several axes."""
    return {"color": COLOURS[index % 6], "linestyle": DASHES[index % 6], "marker": MARKERS[index % 6]}


def legend(axes, **options):
    """A legend to the right of the axes, where it covers nothing."""
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), **options)


def note(axes, text, x, y, right=7, up=5):
    """Writes the text beside a point, so many points from it, on white."""
    axes.annotate(text, (x, y), xytext=(right, up), textcoords="offset points", fontsize=9, zorder=5,
                  ha="left" if right >= 0 else "right", va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})


def show(figure, caption):
    """Shows the figure, and closes it; the page prints the caption below it."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    plt.close(figure)
    picture = stream.getvalue()
    display({"image/svg+xml": picture[picture.index("<svg"):], "text/plain": caption}, raw=True)


def table(header, body):
    """Shows a table; the first column is text, the others are numbers."""
    assert all(len(row) == len(header) for row in body)
    lines = [[str(cell).replace("|", r"\|") for cell in row] for row in (header, *body)]
    lines.insert(1, [":--"] + ["--:"] * (len(header) - 1))
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    display({"text/markdown": text, "text/plain": text}, raw=True)
