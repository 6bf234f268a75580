#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds golden answers and requests against schemas/published/*.json. Needs python3-jsonschema; exit status 77 without it.

golden/answers/SCHEMA.case.json must be valid under SCHEMA, and no longer so once any required member is taken away;
golden/requests.json and golden/patches.json list documents that image-import-request and bandwidth-patch must accept and
refuse, as our own readers do (request_agreement_test.cpp and bandwidth_patch_test.cpp read the same files).
"""

import copy
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

# What clients send: the schema, and the file of documents held against it.
REQUESTS = {"image-import-request": "requests.json", "bandwidth-patch": "patches.json"}


def main(root):
    published = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in (root / "schemas/published").glob("*.json")
    }
    validators = {}
    for name, schema in published.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        validators[name] = jsonschema.Draft202012Validator(schema)
    failures = []

    answers = sorted((root / "tests/schemas/golden/answers").glob("*.json"))
    seen = set()
    for file in answers:
        name = file.name.split(".", 1)[0]
        seen.add(name)
        answer = json.loads(file.read_text(encoding="utf-8"))
        for error in validators[name].iter_errors(answer):
            failures.append(f"{file.name}: {error.json_path}: {error.message}")
        for member in published[name].get("required", []):
            less = copy.deepcopy(answer)
            del less[member]
            if validators[name].is_valid(less):
                failures.append(f"{file.name}: still valid without {member}")
        if "required" in published[name] and validators[name].is_valid({**answer, "unheard_of": 1}):
            failures.append(f"{file.name}: still valid with an unknown member")
    for name in sorted(set(published) - set(REQUESTS) - seen):
        failures.append(f"no golden answer of {name}")

    for name, file in REQUESTS.items():
        requests = json.loads((root / "tests/schemas/golden" / file).read_text(encoding="utf-8"))
        request = validators[name]
        for accepted in requests["accepted"]:
            failures += [f"{accepted}: {error.message}" for error in request.iter_errors(accepted)]
        failures += [f"accepted: {refused}" for refused in requests["refused"] if request.is_valid(refused)]

    for words in failures:
        print(words)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
