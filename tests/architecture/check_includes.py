#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the source tree to its architecture. Exit status 0 when every rule holds, 1 with one line for each breach.

    check_includes.py [ROOT]       checks the tree (default: two folders above this file)
    check_includes.py --self-test  proves on made-up files that each rule can fail, and lets good files pass

The rules:
  direction   schemas <- persistence <- actors <- http: an include points down or sideways, never up. From actors, http
              sees only the interfaces named in HTTP_MAY_SEE.
  library     Beast only in http, LMDB only in persistence/*.cpp, simdjson only in schemas/*.cpp.
  processes   whatever makes or confines processes only in actors/verification/sandbox/*.cpp.
  root        a quoted include is a path from the repository root to a file that exists; our own files are never
              included with angle brackets.
  own-header  a .cpp includes its own header first.
  co-await    no braces and no lambda inside a co_await expression: GCC 12 destroys such temporaries twice.
  licence     the first line names the licence (SPDX).
  length      at most 400 lines in a .cpp or .hpp.
"""

import pathlib
import re
import sys
import tempfile

LAYERS = ["schemas", "persistence", "actors", "http"]
HTTP_MAY_SEE = {
    "actors/protocol.hpp",
    "actors/ports.hpp",
    "actors/coroutines/ask.hpp",
    "actors/import/import_progress.hpp",
    "actors/bandwidth/bandwidth_report.hpp",
    "actors/bandwidth/serving_pressure.hpp",
    "actors/bandwidth/serving_signals.hpp",
    "actors/uploads/pushed_body.hpp",
    "actors/metrics/exposition.hpp",
    "actors/metrics/metrics.hpp",
}
SANDBOX = "actors/verification/sandbox/"
PROCESS_HEADERS = {"seccomp.h", "linux/seccomp.h", "linux/landlock.h", "spawn.h", "sys/wait.h", "linux/capability.h"}
# The tests, the benchmarks and the composition root may see everything.
FOLDERS = LAYERS + ["tests", "bench"]
SPDX = "SPDX-License-Identifier: Apache-2.0"
MOST_LINES = 400
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def without_comments_and_literals(text):
    """The text with the inside of comments, strings and characters blanked; lines keep their numbers."""
    token = re.compile(
        r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'  # raw strings
        r'|//[^\n]*|/\*.*?\*/'
        r'|"(?:[^"\\\n]|\\.)*"'
        r"|(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)*'",  # not the digit separator of 1'000
        re.DOTALL)
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found.group(0)), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def layer_of(path):
    return path.split("/", 1)[0] if "/" in path else None


def check_includes(path, text, exists):
    layer = layer_of(path)
    is_source = path.endswith(".cpp")
    includes = [(found.group(1), found.group(2), line_of(text, found.start())) for found in INCLUDE.finditer(text)]
    for quote, target, line in includes:
        target_layer = layer_of(target)
        ours = target_layer in FOLDERS
        if quote == '"' and not exists(target):
            yield line, "root", f'"{target}" is no path from the repository root'
        if quote == "<" and ours and exists(target):
            yield line, "root", f'include "{target}" with quotes'
        if layer in LAYERS:
            if target_layer in ("tests", "bench"):
                yield line, "direction", f"{layer} includes {target}"
            if target_layer in LAYERS and LAYERS.index(target_layer) > LAYERS.index(layer):
                yield line, "direction", f"{layer} includes {target}, which stands above it"
            if layer == "http" and target_layer == "actors" and target not in HTTP_MAY_SEE:
                yield line, "direction", f"http includes {target}; it may see only {', '.join(sorted(HTTP_MAY_SEE))}"
            if target.startswith("boost/beast") and layer != "http":
                yield line, "library", f"Beast belongs to http ({target})"
            if target == "lmdb.h" and not (layer == "persistence" and is_source):
                yield line, "library", "LMDB belongs to persistence/*.cpp"
            if target in PROCESS_HEADERS and not (path.startswith(SANDBOX) and is_source):
                yield line, "processes", f"{target} belongs to {SANDBOX}*.cpp"
            if target == "simdjson.h" and not (layer == "schemas" and is_source):
                yield line, "library", "simdjson belongs to schemas/*.cpp"
    own = path[:-4] + ".hpp"
    if is_source and layer in LAYERS and exists(own):
        if not includes or includes[0][1] != own:
            yield (includes[0][2] if includes else 1), "own-header", f'include "{own}" first'


def check_co_await(text):
    """From each co_await to the end of its expression: neither `{` nor a lambda's `[`."""
    for found in re.finditer(r"\bco_await\b", text):
        depth = 0
        previous = "co_await"
        position = found.end()
        while position < len(text):
            char = text[position]
            if char in "([" and not (char == "[" and starts_lambda(previous)):
                depth += 1
            elif char in ")]":
                depth -= 1
                if depth < 0:
                    break
            elif char == "[":
                yield line_of(text, position), "co-await", "a lambda inside a co_await expression; name it first"
                break
            elif char == "{":
                # A block after the closing parenthesis of if, while, for or switch has ended the expression before.
                yield line_of(text, position), "co-await", "braces inside a co_await expression; name the value first"
                break
            elif char == ";" or (char == "," and depth == 0):
                break
            if not char.isspace():
                previous = char
            position += 1


def starts_lambda(previous):
    """A `[` opens a lambda unless it follows a value, which it then indexes."""
    return previous == "co_await" or not (previous.isalnum() or previous in "_)]")


def check_file(path, text, exists):
    lines = text.splitlines()
    if not lines or SPDX not in "\n".join(lines[:2] if lines[:1] and lines[0].startswith("#!") else lines[:1]):
        yield 1, "licence", f"expected {SPDX} in the first line"
    if path.endswith((".cpp", ".hpp")):
        if len(lines) > MOST_LINES:
            yield len(lines), "length", f"{len(lines)} lines; split it by idea, at most {MOST_LINES}"
        yield from check_includes(path, text, exists)
        yield from check_co_await(without_comments_and_literals(text))


def sources_of(root):
    for folder in FOLDERS:
        yield from sorted(file for file in (root / folder).rglob("*") if file.suffix in (".cpp", ".hpp", ".py"))
    yield from sorted(root.glob("*.cpp"))


def check_tree(root):
    breaches = []
    checked = 0
    for file in sources_of(root):
        path = file.relative_to(root).as_posix()
        checked += 1
        for line, rule, words in check_file(path, file.read_text(encoding="utf-8"), lambda target: (root / target).is_file()):
            breaches.append((path, line, rule, words))
    return checked, breaches


GOOD = f"// {SPDX}\n"
SELF_TEST = [
    # path, text, rules that it breaks
    ("schemas/a.hpp", "", set()),
    ("schemas/a.cpp", '#include "schemas/a.hpp"\n\n#include <simdjson.h>\n', set()),
    ("persistence/b.cpp", '#include <lmdb.h>\n#include "schemas/a.hpp"\n', set()),
    ("actors/ports.hpp", '#include "persistence/c.hpp"\n', set()),
    ("actors/inner.hpp", "", set()),
    ("persistence/c.hpp", "", set()),
    ("http/d.hpp", '#include <boost/beast/core.hpp>\n#include "actors/ports.hpp"\n#include "schemas/a.hpp"\n', set()),
    ("tests/t.cpp", '#include <lmdb.h>\n#include "http/d.hpp"\n#include "actors/inner.hpp"\n', set()),
    ("sluiced.cpp", '#include "http/d.hpp"\n#include "actors/inner.hpp"\n', set()),
    ("schemas/up1.hpp", '#include "persistence/c.hpp"\n', {"direction"}),
    ("persistence/up2.hpp", '#include "actors/ports.hpp"\n', {"direction"}),
    ("actors/up3.cpp", '  #  include "http/d.hpp"\n', {"direction"}),
    ("schemas/up4.hpp", "#include <http/d.hpp>\n", {"direction", "root"}),
    ("actors/up5.cpp", '#include "tests/helper.hpp"\n', {"direction"}),
    ("tests/helper.hpp", "", set()),
    ("http/inside.cpp", '#include "actors/inner.hpp"\n', {"direction"}),
    ("actors/beast.cpp", "#include <boost/beast/http.hpp>\n", {"library"}),
    ("actors/beast2.cpp", "#include <boost/beast.hpp>\n", {"library"}),
    ("persistence/lmdb.hpp", "#include <lmdb.h>\n", {"library"}),
    ("http/lmdb.cpp", "#include <lmdb.h>\n", {"library"}),
    ("schemas/json.hpp", "#include <simdjson.h>\n", {"library"}),
    ("http/json.cpp", "#include <simdjson.h>\n", {"library"}),
    ("actors/verification/sandbox/keeps.cpp", "#include <seccomp.h>\n#include <sys/wait.h>\n", set()),
    ("actors/verification/sandbox/child.hpp", "#include <spawn.h>\n", {"processes"}),
    ("http/spawns.cpp", "#include <sys/wait.h>\n", {"processes"}),
    ("actors/near.cpp", '#include "inner.hpp"\n', {"root"}),
    ("actors/far.cpp", '#include "../schemas/a.hpp"\n', {"root"}),
    ("actors/inner.cpp", '#include <vector>\n#include "actors/inner.hpp"\n', {"own-header"}),
    ("http/d.cpp", "int without_includes;\n", {"own-header"}),
    ("http/bare.cpp", None, {"licence"}),
    ("http/long.cpp", "\n" * 400, {"length"}),
    ("http/enough.cpp", "\n" * 399, set()),
    ("http/w1.cpp", "co_await f(agg{1});\n", {"co-await"}),
    ("http/w2.cpp", "co_await f({1, 2});\n", {"co-await"}),
    ("http/w3.cpp", "auto x = co_await f(a,\n  [] { return 1; });\n", {"co-await"}),
    ("http/w4.cpp", "if (co_await f(options{.a = 1})) { g(); }\n", {"co-await"}),
    ("http/w5.cpp", "co_await f([&x](int a) { return x; });\n", {"co-await"}),
    ("http/w6.cpp", "return g(co_await h(std::string{}), 1);\n", {"co-await"}),
    ("http/w7.cpp", "co_await [] { return f(); }();\n", {"co-await"}),
    ("http/w8.cpp", "co_await (f() || g(x{}));\n", {"co-await"}),
    ("http/k1.cpp", "auto a = agg{1};\nco_await f(std::move(a));\nagg b{1};\n", set()),
    ("http/k2.cpp", "if (co_await f(a)) {\n  g({1});\n}\n", set()),
    ("http/k3.cpp", "while (const auto n = co_await f(x[1])) { g([] {}); }\n", set()),
    ("http/k4.cpp", "// co_await f({});\n/* co_await f([] {}) */ auto s = \"co_await {\"; auto c = '{';\n", set()),
    ("http/k5.cpp", "auto s = R\"(co_await f({}))\";\nco_await f(1'000, '{', \"{[\");\n", set()),
    ("http/k6.cpp", "for (;;) co_await f(table[g(1)][2]);\nauto [e, n] = co_await f(x);\n", set()),
    ("http/k7.cpp", "agg a{co_await f(x), 1};\nauto [b] = agg{co_await f(x)};\n", set()),
]


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text, _ in SELF_TEST:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("int x;\n" if text is None else GOOD + text, encoding="utf-8")
        checked, breaches = check_tree(root)
        if checked != len(SELF_TEST):
            failures.append(f"{checked} of {len(SELF_TEST)} files were looked at")
        for path, _, expected in SELF_TEST:
            found = {rule for where, _, rule, _ in breaches if where == path}
            if found != expected:
                failures.append(f"{path}: expected {sorted(expected)}, found {sorted(found)}")
    broken = set().union(*(rules for _, _, rules in SELF_TEST))
    for rule in re.findall(r"^  ([a-z-]+)  +\w", __doc__, re.MULTILINE):
        if rule not in broken:
            failures.append(f"no made-up file breaks the rule {rule}")
    for words in failures:
        print(words)
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[2]
    checked, breaches = check_tree(root)
    for path, line, rule, words in breaches:
        print(f"{path}:{line}: {rule}: {words}")
    if checked == 0:
        print(f"{root}: no sources found")
        return 1
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
