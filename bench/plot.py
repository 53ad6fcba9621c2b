# SPDX-License-Identifier: MIT
"""The plot of README.md, drawn by gnuplot: what each library takes for each algorithm, as a dot with its 10th to 90th percentile."""

import math
import shutil
import subprocess

DARK, GREY, RED, BLUE = "#202020", "#808080", "#c83c00", "#2060b0"
# A background of its own: pages are light or dark.
HEAD = f"""
set terminal svg size 900,{{height}} font 'sans-serif,13' background '#ffffff'
set output '{{path}}'
set multiplot
set logscale x
unset key
unset mxtics
set border 1 lc rgb '{GREY}'
set grid xtics lc rgb '#d8d8d8' lt 1
set tics nomirror textcolor rgb '{DARK}'
set ytics scale 0
set yrange [{{bottom}}:0.7]
set tmargin at screen 0.88
set bmargin at screen 0.2
set label 1 'microseconds per token of {{bytes}} bytes of claims, logarithmic: median, 10th to 90th percentile' \
at screen 0.99,0.05 right textcolor rgb '{DARK}'
"""
PANEL = f"""
$data << END
{{data}}
END
set lmargin at screen {{left:.3f}}
set rmargin at screen {{right:.3f}}
set title '{{name}}' textcolor rgb '{DARK}' offset 0,-0.5
set ytics ({{labels}})
set xtics ({{marks}})
set xrange [{{low:.4g}}:{{high:.4g}}]
plot {{dots}}, $data using 3:2:5 with labels left offset 0.8,0 textcolor rgb '{DARK}' font ',11'
unset label 1
"""
DOTS = "$data using ($6=={kind}?$1:1/0):2:4:3 with xerrorbars pt 7 ps 0.6 lw 2 lc rgb '{colour}'"


def short(microseconds):
    return f"{microseconds:.2f}" if microseconds < 1 else f"{microseconds:.1f}" if microseconds < 100 else f"{microseconds:.0f}"


def marks(low, high):
    """Marks for the axis, within the range: 1, 10, 100 ... if that gives three, else 1, 3, 10 ..., 1, 2, 5 ..., or finer ones."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in (1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7):
        found = [value for exponent in exponents for value in (step * 10.0**exponent for step in steps) if low <= value <= high]
        if len(found) >= 3:
            break
    return found


def panel(name, subjects, found, place):
    """gnuplot's lines for one algorithm. `found` has a case or None for each subject; `place` is its left and right edge."""
    data, ends = [], []
    for row, (subject, case) in enumerate(zip(subjects, found)):
        if case:
            low, high = (ns / 1000 for ns in case.percentiles())
            kind = 0 if row == 0 else 1 if row == 1 else 2
            data.append(f"{case.median() / 1000:.4g} {-row} {high:.4g} {low:.4g} {short(case.median() / 1000)} {kind}")
            ends += [low, high]
    low, high = min(ends) / 1.8, max(ends) * 1.6
    places = marks(low, high)
    high *= (high / low) ** 0.3  # room for the last one's number
    labels = ", ".join(f'"{subject if place[2] else ""}" {-row}' for row, subject in enumerate(subjects))
    dots = ", ".join(DOTS.format(kind=kind, colour=colour) for kind, colour in enumerate((GREY, RED, BLUE)))
    return PANEL.format(
        data="\n".join(data), left=place[0], right=place[1], name=name, labels=labels, low=low, high=high, dots=dots,
        marks=", ".join(f'"{value:g}" {value:g}' for value in places),
    )  # fmt: skip


def draw(path, subjects, names, find, claims_bytes):
    """`subjects` starts with the bare check and this module; `find(subject, name)` gives a case. False without gnuplot."""
    if not shutil.which("gnuplot"):
        return False
    height = 100 + 26 * len(subjects)
    script = [HEAD.format(height=height, path=path, bottom=0.3 - len(subjects), bytes=claims_bytes)]
    left, width = 0.19, 0.8 / len(names)
    for number, name in enumerate(names):
        place = (left + number * width, left + (number + 0.92) * width, number == 0)
        script.append(panel(name, subjects, [find(subject, name) for subject in subjects], place))
    script.append("unset multiplot\n")
    done = subprocess.run(["gnuplot"], input="".join(script), text=True, capture_output=True, check=False)
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"gnuplot: {done.stderr}")
    return True
