# SPDX-License-Identifier: Apache-2.0
"""Draws two panels over one time axis as SVG, by hand: serving latency above (logarithmic), import throughput below, and
bands where the load was on."""
import html
import math

WIDTH, LEFT, RIGHT = 1200, 80, 20
TOP, UPPER, GAP, LOWER = 80, 220, 40, 220
HEIGHT = TOP + UPPER + GAP + LOWER + 60
BLUE, ORANGE, GREY = "#1f5fa8", "#d9730d", "#666"


def _text(x, y, words, anchor="middle", size=13, colour="#222", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}" {more}>'
            f"{html.escape(words)}</text>")


def _line(x1, y1, x2, y2, colour="#ddd", more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'


def _path(points, colour, fill="none", width=1.5):
    """`None` breaks the line."""
    words, pen_up = [], True
    for point in points:
        if point is None:
            pen_up = True
            continue
        words.append(f"{'M' if pen_up else 'L'}{point[0]:.1f} {point[1]:.1f}")
        pen_up = False
    return f'<path d="{" ".join(words)}" fill="{fill}" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>'


def _nice_top(value):
    power = 10 ** math.floor(math.log10(max(value, 1)))
    return next(power * step for step in (1, 1.5, 2, 3, 4, 5, 7.5, 10) if power * step >= value)


def draw(path, title, subtitle, seconds, bands, latencies, rates, idle_rate):
    """`bands`: (from, to, label); `latencies`: (time, p99 ms or None); `rates`: (time, MB/s); times in seconds from 0."""
    inner = WIDTH - LEFT - RIGHT
    upper_end, lower_begin = TOP + UPPER, TOP + UPPER + GAP
    lower_end = lower_begin + LOWER

    def x(when):
        return LEFT + inner * when / seconds

    seen = [value for _, value in latencies if value]
    low = 10 ** math.floor(math.log10(min(seen, default=0.1)))
    high = max(10 ** math.ceil(math.log10(max(seen, default=10))), low * 10)

    def y_latency(value):
        return upper_end - UPPER * math.log(value / low) / math.log(high / low)

    top_rate = _nice_top(max([rate for _, rate in rates] + [idle_rate, 1]))

    def y_rate(value):
        return lower_end - LOWER * value / top_rate

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           _text(LEFT, 26, title, "start", 18), _text(LEFT, 46, subtitle, "start", 12, GREY)]
    for begin, end, label in bands:
        out.append(f'<rect x="{x(begin):.1f}" y="{TOP}" width="{x(end) - x(begin):.1f}" height="{lower_end - TOP}" '
                   'fill="#f3ead9"/>')
        out.append(_text((x(begin) + x(end)) / 2, TOP - 8, label, size=12, colour="#7a5a1e"))
    value = low
    while value <= high * 1.001:
        out.append(_line(LEFT, y_latency(value), WIDTH - RIGHT, y_latency(value)))
        out.append(_text(LEFT - 8, y_latency(value) + 4, f"{value:g}", "end"))
        value *= 10
    for step in range(6):
        value = top_rate * step / 5
        out.append(_line(LEFT, y_rate(value), WIDTH - RIGHT, y_rate(value)))
        out.append(_text(LEFT - 8, y_rate(value) + 4, f"{value:g}", "end"))
    tick = next(step for step in (1, 2, 5, 10, 20, 60, 300, 3600) if seconds / step <= 24)
    for number in range(int(seconds / tick) + 1):
        when = number * tick
        out.append(_line(x(when), lower_end, x(when), lower_end + 5, GREY))
        out.append(_text(x(when), lower_end + 20, f"{when:g}"))
    out.append(_text(LEFT + inner / 2, lower_end + 42, "seconds"))
    for middle, words in ((TOP + UPPER / 2, "serving p99, ms (log)"), (lower_begin + LOWER / 2, "imports, MB/s")):
        out.append(_text(22, middle, words, more=f'transform="rotate(-90 22 {middle})"'))
    out.append(_line(LEFT, y_rate(idle_rate), WIDTH - RIGHT, y_rate(idle_rate), ORANGE, 'stroke-dasharray="6 4"'))
    points = [(x(when), y_rate(rate)) for when, rate in rates]
    if points:
        out.append(_path([(points[0][0], lower_end), *points, (points[-1][0], lower_end)], "none", "#f6dcc0"))
        out.append(_path(points, ORANGE))
    out.append(_path([(x(when), y_latency(value)) if value else None for when, value in latencies], BLUE))
    legend = ((LEFT + 560, BLUE, "serving p99 per 100 ms", ""), (LEFT + 740, ORANGE, "imports per 50 ms", ""),
              (LEFT + 890, ORANGE, "imports, idle rate", 'stroke-dasharray="6 4"'))
    for left, colour, words, more in legend:
        out.append(_line(left, 22, left + 24, 22, colour, f'stroke-width="2" {more}'))
        out.append(_text(left + 30, 26, words, "start", 12))
    for begin, end in ((TOP, upper_end), (lower_begin, lower_end)):
        out.append(_line(LEFT, begin, LEFT, end, GREY))
        out.append(_line(LEFT, end, WIDTH - RIGHT, end, GREY))
    path.write_text("\n".join([*out, "</svg>\n"]))
