"""Prints a CycloneDX 1.6 list of the C libraries that a wheel carries, from the .dsc files of Debian's sources.

    python tools/sbom.py FILE.dsc...
"""

from __future__ import annotations

import json
import pathlib
import re
import sys

LICENCES = {
    "bzip2": "bzip2-1.0.6",
    "libdeflate": "MIT",
    "libmd": "BSD-3-Clause AND ISC AND Beerware",
    "libzstd": "BSD-3-Clause",
    "xz-utils": "LicenseRef-xz-public-domain",
    "zlib": "Zlib",
}
# What the compiler puts in, by the Python package that brings it.
COMPILER = {"name": "ziglang", "licence": "Apache-2.0 WITH LLVM-exception AND MIT"}


def component(name: str, version: str, licence: str, purl: str) -> dict[str, object]:
    return {"type": "library", "name": name, "version": version, "licenses": [{"expression": licence}], "purl": purl}


def of_source(path: pathlib.Path) -> dict[str, object]:
    text = path.read_text()
    fields = dict(re.findall(r"^(Source|Version): (\S+)$", text, re.MULTILINE))
    name, version = fields["Source"], fields["Version"]
    return component(name, version, LICENCES[name], f"pkg:deb/debian/{name}@{version}?arch=source")


def main() -> int:
    from importlib.metadata import version

    components = [of_source(pathlib.Path(name)) for name in sys.argv[1:]]
    name = COMPILER["name"]
    # libc++, libc++abi, libunwind and, in the static program, musl.
    components.append(component(name, version(name), COMPILER["licence"], f"pkg:pypi/{name}@{version(name)}"))
    components.sort(key=lambda each: str(each["name"]))
    print(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
