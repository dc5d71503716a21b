"""Puts licences and a list of what is inside into a wheel, gives it the tag of its platform, and checks it.

    python tools/finish_wheel.py WHEEL --platform TAG --licences FOLDER --sbom FILE --into FOLDER

Ends with 1 if the module shows more than its initialiser, needs other libraries than the C library's, or is refused by
auditwheel or abi3audit. With SOURCE_DATE_EPOCH set, the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

NEEDED = {"libc", "libm", "libpthread", "libdl"}
LOADER = "ld-linux"  # which every program of the system has in it


def run(*command: object) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def faults_of_module(module: pathlib.Path) -> list[str]:
    symbols = run("readelf", "--dyn-syms", "--wide", module)
    # Number, value, size, type, binding, visibility, section (UND where it is another's), name.
    shown = set(re.findall(r"(?:GLOBAL|WEAK) +\w+ +\d+ +(\S+)", symbols))
    faults = [f"shows {name}" for name in sorted(shown - {"PyInit__core"})]
    needed = re.findall(r"NEEDED.*\[(\S+)\]", run("readelf", "--dynamic", module))
    faults += [f"needs {name}" for name in needed if name.split(".")[0] not in NEEDED and not name.startswith(LOADER)]
    return faults


def faults_of_wheel(wheel: pathlib.Path, platform: str) -> list[str]:
    faults = []
    if platform.startswith("manylinux"):  # it cannot tell what another C library is from a module of the stable ABI
        audit = run(sys.executable, "-m", "auditwheel", "show", wheel)
        if f'"{platform}"' not in audit.replace("\n", " "):
            faults.append("auditwheel: " + " ".join(audit.split()))
    if "-abi3-" in wheel.name:
        checked = subprocess.run([sys.executable, "-m", "abi3audit", "--strict", wheel], capture_output=True, text=True)
        if checked.returncode != 0:
            faults.append("abi3audit: " + checked.stdout + checked.stderr)
    return faults


def finished(wheel: pathlib.Path, platform: str, licences: pathlib.Path, sbom: pathlib.Path,
             into: pathlib.Path) -> tuple[pathlib.Path, list[str]]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run(sys.executable, "-m", "wheel", "unpack", wheel, "--dest", folder)
        (content,) = folder.iterdir()
        (info,) = content.glob("*.dist-info")
        shutil.copytree(licences, info / "licenses" / "libraries")
        (info / "sboms").mkdir()
        shutil.copy(sbom, info / "sboms" / sbom.name)
        (module,) = content.glob("safe_load/_core.*so")
        faults = faults_of_module(module)
        run(sys.executable, "-m", "wheel", "pack", content, "--dest-dir", folder)
        (packed,) = folder.glob("*.whl")
        tagged = run(sys.executable, "-m", "wheel", "tags", "--remove", "--platform-tag", platform, packed).split()[-1]
        result = into / tagged
        shutil.move(folder / tagged, result)
    return result, faults + faults_of_wheel(result, platform)


def main() -> int:
    parser = argparse.ArgumentParser(description="Finishes a wheel.")
    parser.add_argument("wheel", type=pathlib.Path)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--licences", type=pathlib.Path, required=True)
    parser.add_argument("--sbom", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    result, faults = finished(arguments.wheel, arguments.platform, arguments.licences, arguments.sbom, arguments.into)
    print(f"{result.name}: {result.stat().st_size:,} bytes")
    for fault in faults:
        print(f"FAULT: {result.name} {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
