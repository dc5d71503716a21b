"""Checks that every test has a time limit: time_limits.py CTEST BUILD"""

import json
import subprocess
import sys

ctest, build = sys.argv[1:]
text = subprocess.run([ctest, "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True).stdout
tests = json.loads(text)["tests"]
if not tests:
    sys.exit("there are no tests")
unlimited = [test["name"] for test in tests if "TIMEOUT" not in {given["name"] for given in test["properties"]}]
if unlimited:
    sys.exit("without limit_time() in CMakeLists.txt: " + ", ".join(unlimited))
