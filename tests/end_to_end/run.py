#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests against the binaries of one build directory.

    run.py --build-dir build/check [--jobs N] [--counts FILE] [MODULE[.CLASS[.TEST]] …]

Each test_*.py runs in a process of its own, N at a time; its output appears when it is over, what
failed at the end. The last line is
"N passed, M failed, K skipped"; --counts writes the three numbers to a file as well. --folder runs the test_*.py of
another folder in the same way.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
DEADLINE = 900  # seconds for one module
SLOWEST_FIRST = ["test_durability", "test_import", "test_bad_sources"]


class Results(unittest.TextTestResult):
    """Counts a test as one, whatever its sub-tests did."""

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        seconds = time.monotonic() - self.began
        if seconds > 10:
            self.stream.writeln(f"      ({seconds:.0f} s)")


def run_module(names, counts_file):
    """In the child: one module's tests."""
    sys.path[:0] = [str(SUPPORT), os.environ["SLUICE_TEST_FOLDER"]]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Results).run(suite)
    # A test may fail in several sub-tests, a class before its first test: count what failed, not how often.
    failed = {str(getattr(test, "test_case", test)) for test, _ in result.failures + result.errors}
    failed.update(str(test) for test in result.unexpectedSuccesses)
    skipped = {str(test) for test, _ in result.skipped}
    passed = max(result.testsRun - len(failed) - len(skipped - failed), 0)
    pathlib.Path(counts_file).write_text(json.dumps([passed, len(failed), len(skipped - failed)]))
    return 0 if result.wasSuccessful() else 1


def run_child(module, names, arguments, scratch):
    """In the parent: runs one module as a process group and gives its counts and output."""
    counts_file = pathlib.Path(scratch) / f"{module}.counts"
    child = subprocess.Popen([sys.executable, "-X", "faulthandler", __file__, "--child", str(counts_file), *names],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True, text=True, errors="replace",
                             env={**os.environ, "SLUICE_BUILD_DIR": str(arguments.build_dir.resolve()),
                                  "SLUICE_TEST_FOLDER": str(arguments.folder.resolve()),
                                  "SLUICE_TEST_SCRATCH": scratch, "PYTHONDONTWRITEBYTECODE": "1"})
    try:
        output, _ = child.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output = child.communicate()[0] + f"\n{module} was not done after {DEADLINE} s and was ended.\n"
    if not counts_file.exists():
        return [0, 1, 0], output + f"\n{module} ended without a result (status {child.returncode}).\n"
    return json.loads(counts_file.read_text()), output


def main():
    parser = argparse.ArgumentParser(description="Runs the end-to-end tests.")
    parser.add_argument("--build-dir", type=pathlib.Path, default=pathlib.Path("build/check"))
    parser.add_argument("--folder", type=pathlib.Path, default=HERE)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--counts", type=pathlib.Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="modules, classes or tests; all without")
    arguments = parser.parse_args()
    if arguments.child:
        return run_module(arguments.names, arguments.child)

    for program in ("sluiced", "sluice"):
        if not (arguments.build_dir / program).is_file():
            print(f"{arguments.build_dir}/{program} is not there. Build it first: cmake --preset check && "
                  "cmake --build --preset check")
            return 1
    by_module = {}
    for name in arguments.names or sorted(path.stem for path in arguments.folder.glob("test_*.py")):
        by_module.setdefault(name.split(".")[0], []).append(name)
    order = sorted(by_module, key=lambda module: (module not in SLOWEST_FIRST, module))

    totals, broken = [0, 0, 0], {}
    with tempfile.TemporaryDirectory(prefix="sluice-end-to-end-") as scratch, \
            concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = {pool.submit(run_child, module, by_module[module], arguments, scratch): module for module in order}
        for done in concurrent.futures.as_completed(waiting):
            module, (counts, output) = waiting[done], done.result()
            report = f"===== {module}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped\n{output}"
            totals = [total + count for total, count in zip(totals, counts)]
            if counts[1]:
                broken[module] = report
                print(f"===== {module} failed: see the end", flush=True)
            else:
                print(report, flush=True)
    # What failed comes last, where it is looked for.
    for report in broken.values():
        print(report)
    if broken:
        print("failed in: " + ", ".join(sorted(broken)))
    if arguments.counts:
        arguments.counts.write_text("{} {} {}\n".format(*totals))
    print("{} passed, {} failed, {} skipped".format(*totals))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
