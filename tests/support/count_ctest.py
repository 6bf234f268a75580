# SPDX-License-Identifier: Apache-2.0
"""Counts the test cases in the JUnit file that ctest writes, and prints "PASSED FAILED SKIPPED".

ctest runs one binary a folder; what a person wants to know is how many cases those hold. Catch2 and unittest say so
in their closing lines; a test that says nothing counts as one.
"""
import re
import sys
import xml.etree.ElementTree as tree

CATCH_ALL_PASSED = re.compile(r"All tests passed \(\d+ assertions? in (\d+) test cases?\)")
CATCH_SOME_FAILED = re.compile(r"^test cases: *\d+(.*)$", re.MULTILINE)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
UNITTEST_NOT_OK = re.compile(r"(failures|errors|skipped)=(\d+)")


def count(status, output):
    """(passed, failed, skipped) of one ctest test."""
    if status in ("notrun", "disabled"):
        return 0, 1, 0
    match = CATCH_ALL_PASSED.search(output)
    if match and status == "run":
        return int(match[1]), 0, 0
    match = CATCH_SOME_FAILED.search(output)
    if match and status != "run":
        passed = re.search(r"(\d+) passed", match[1])
        failed = re.search(r"(\d+) failed", match[1])
        return int(passed[1]) if passed else 0, int(failed[1]) if failed else 1, 0
    match = UNITTEST_RAN.search(output)
    if match:
        outcome = {name: int(number) for name, number in UNITTEST_NOT_OK.findall(output)}
        failed, skipped = outcome.get("failures", 0) + outcome.get("errors", 0), outcome.get("skipped", 0)
        if status != "run":
            failed = max(failed, 1)
        return max(int(match[1]) - failed - skipped, 0), failed, skipped
    return (1, 0, 0) if status == "run" else (0, 1, 0)


def main():
    totals = [0, 0, 0]
    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
        output = "\n".join(part.text or "" for part in case.findall("system-out"))
        for place, number in enumerate(count(case.get("status"), output)):
            totals[place] += number
    print(*totals)


if __name__ == "__main__":
    main()
