# SPDX-License-Identifier: Apache-2.0
"""Runs Tempest's tests of the image service with Tempest's own code, in this process, and writes what came of each.

    tempest_outcomes.py FILE     with TEMPEST_CONFIG_DIR set; FILE gets {test: [outcome, reason]}
"""
import json
import pathlib
import re
import sys
import unittest

TESTS = "/usr/lib/python3/dist-packages"


class Outcomes(unittest.TestResult):
    """Trouble while a class is set up counts for each of its tests."""

    def __init__(self):
        super().__init__()
        self.tests, self.classes = {}, {}

    def note(self, test, outcome, reason=""):
        if isinstance(test, unittest.suite._ErrorHolder):  # "setUpClass (module.Class)"
            self.classes[re.sub(r".*\((.*)\)", r"\1", test.id())] = [outcome, reason]
            return
        name = test.id().split("[")[0]
        if self.tests.get(name, [""])[0] != "fail":
            self.tests[name] = [outcome, reason]
        print(f"{outcome:5} {name} {reason[-400:]}", flush=True)

    def addSuccess(self, test, details=None):
        self.note(test, "pass")

    def addSkip(self, test, reason=None, details=None):
        self.note(test, "skip", reason or details["reason"].as_text())

    def addError(self, test, error=None, details=None):
        if details:
            text = "".join(part.as_text() for name, part in sorted(details.items()) if name.startswith("traceback"))
        else:
            text = error[1].as_text() if hasattr(error[1], "as_text") else repr(error[1])
        self.note(test, "fail", text)

    addFailure = addError


def flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def main():
    wanted = sys.argv[1]
    sys.argv = ["tempest"]
    found = unittest.TestLoader().discover(f"{TESTS}/tempest/api/image", top_level_dir=TESTS)
    tests = sorted((test for test in flat(found) if ".image.v2." in test.id()), key=lambda test: test.id())
    outcomes = Outcomes()
    unittest.TestSuite(tests).run(outcomes)
    report = {}
    for test in tests:
        name = test.id().split("[")[0]
        report[name] = outcomes.tests.get(name) or outcomes.classes.get(name.rsplit(".", 1)[0]) or ["fail", "did not run"]
    pathlib.Path(wanted).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
