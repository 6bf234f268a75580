#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What of the code the corpora of the fuzzers reach: lines and regions, folder by folder.

Run by `tests/fuzz/run --coverage`. Every target is replayed over its seeds, what was once found, and its corpus
(build/fuzz/corpus/TARGET), by a build that counts (clang's source-based coverage). The lines that nothing reached are
in build/fuzz-coverage/report.txt.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "fuzz-coverage"
REPLAY = BUILD / "tests" / "fuzz" / "fuzz_replay"
FOLDERS = [
    "actors/verification/formats",
    "actors/verification/structure",
    "actors/verification/packaging",
    "actors/verification",
    "schemas",
    "http",
]


def output_of(*command: object) -> str:
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def profile_of(target: str) -> pathlib.Path:
    profile = BUILD / f"{target}.profraw"
    corpus = ROOT / "build" / "fuzz" / "corpus" / target
    subprocess.run(
        [REPLAY, "--corpus", corpus, target],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "LLVM_PROFILE_FILE": str(profile)},
    )
    return profile


def main() -> None:
    targets = sys.argv[1:] or output_of(REPLAY, "--targets").split()
    merged = BUILD / "all.profdata"
    output_of("llvm-profdata-14", "merge", "-o", merged, *[profile_of(target) for target in targets])
    judged = json.loads(output_of("llvm-cov-14", "export", "-summary-only", f"-instr-profile={merged}", REPLAY))
    with open(BUILD / "report.txt", "w") as report:
        subprocess.run(
            ["llvm-cov-14", "show", "-show-line-counts-or-regions", f"-instr-profile={merged}", REPLAY],
            check=True,
            stdout=report,
        )
    sums: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    files = []
    for each in judged["data"][0]["files"]:
        name = (BUILD / each["filename"]).resolve()  # relative to the build, but for files compiled in batches
        if not name.is_relative_to(ROOT):
            continue
        name = name.relative_to(ROOT)
        folder = next((folder for folder in FOLDERS if name.is_relative_to(folder)), None)
        if folder is None:
            continue
        for what in ("lines", "regions"):
            sums[folder][what] += each["summary"][what]["count"]
            sums[folder][what + " reached"] += each["summary"][what]["covered"]
        missed = each["summary"]["regions"]["count"] - each["summary"]["regions"]["covered"]
        files.append((missed, str(name), each["summary"]["lines"]["percent"], each["summary"]["regions"]["percent"]))
    print(f"{'folder':<32} {'lines':>16} {'regions':>16}")
    for folder in FOLDERS:
        row = sums[folder]
        shown = [
            f"{row[what + ' reached']}/{row[what]} {100 * row[what + ' reached'] / max(1, row[what]):5.1f}%"
            for what in ("lines", "regions")
        ]
        print(f"{folder:<32} {shown[0]:>16} {shown[1]:>16}")
    print("\nThe most regions that nothing reached:")
    for missed, name, lines, regions in sorted(files, reverse=True)[:20]:
        print(f"{missed:5} {name:<60} lines {lines:5.1f}% regions {regions:5.1f}%")


if __name__ == "__main__":
    main()
