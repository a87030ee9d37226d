# SPDX-License-Identifier: MIT
"""A picture of where the instructions of a request go, by layer: one bar for each case."""

import re

# name, colour, whether a symbol belongs to it; the first that does wins
LAYERS = [
    ("NIO: channel, pipeline, selector", "#4c78a8", r"^_?\$s.*?(?:8NIOPosix|7NIOCore|17NIOConcurrency|18_NIO|7Atomics)"),
    ("luahttpd: HTTP, routes, worker, templates", "#e45756", r"^_?\$s.*?7LuaHTTP"),
    ("Swift runtime: reference counts", "#9d755d", r"^_?swift_(?:retain|release|bridgeObject|isUnique)"),
    ("Swift runtime and library: the rest", "#bab0ac", r"^_?(?:\$s|swift|_swift|outlined|__swift)|^(?:initialize|destroy)"),
    ("Lua", "#54a24b", r"^lua[A-Z]?_|^(?:getgeneric|mainposition|propagatemark|sweep|internshrstr|freeobj|str_|index2|auxsort|sort|"
     r"tconcat|tablerehash|numusehash|rehash|setnodevector|singlestep|reallymark|traverse|luaB_|copy2buff|lmem)"),
    ("C border: requests, memory, template access", "#f2cf5b", r"^lht?_|^(?:take_small|push_|request_|check_request|use|library)"),
    ("C library", "#d8b5a5", r""),
]


def layers(profile):
    """Instructions of each layer for one request, in the order of LAYERS."""
    found = [0.0] * len(LAYERS)
    for name, cost in profile.own.items():
        index = next(i for i, (_, _, pattern) in enumerate(LAYERS) if re.search(pattern, name))
        found[index] += cost / profile.repetitions
    return found


def svg(profiles):
    """`profiles` maps names of cases to profiles; bars are scaled each to its own total."""
    width, left, row = 860, 110, 34
    height = row * len(profiles) + 24 + 20 * len(LAYERS)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for index, (name, profile) in enumerate(profiles.items()):
        y, x, total = row * index + 8, float(left), profile.instructions
        parts.append(f'<text x="8" y="{y + 16}">{name}</text>')
        for (label, colour, _), cost in zip(LAYERS, layers(profile)):
            length = cost / total * (width - left - 120)
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="22" fill="{colour}">'
                         f'<title>{label}: {cost:.0f}</title></rect>')
            if length > 34:
                parts.append(f'<text x="{x + 4:.1f}" y="{y + 15}" font-size="11">{cost / total:.0%}</text>')
            x += length
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 16}">{total:,.0f}</text>')
    for index, (label, colour, _) in enumerate(LAYERS):
        y = row * len(profiles) + 16 + 20 * index
        parts.append(f'<rect x="{left}" y="{y}" width="14" height="14" fill="{colour}"/>'
                     f'<text x="{left + 22}" y="{y + 12}">{label}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"
