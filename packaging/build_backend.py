"""The build backend of `pip install .`: scikit-build-core, and one sentence where it would fail for want of a package."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from scikit_build_core import build as _backend
from scikit_build_core.build import (  # noqa: F401  the hooks that need no compiler
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

# The header of each library, and Debian's package of it.
LIBRARIES = {
    "zlib.h": "zlib1g-dev",
    "libdeflate.h": "libdeflate-dev",
    "sha2.h": "libmd-dev",
    "nlohmann/json.hpp": "nlohmann-json3-dev",
    "CLI/CLI.hpp": "libcli11-dev",
}


def missing() -> list[str]:
    """Debian's names of what is needed and not there."""
    compiler = os.environ.get("CXX") or next(filter(shutil.which, ("c++", "g++", "clang++")), None)
    if compiler is None or shutil.which(compiler.split()[0]) is None:
        return ["g++", *LIBRARIES.values()]

    def is_there(header: str) -> bool:
        source = f"#include <{header}>\n"
        return subprocess.run([*compiler.split(), "-xc++", "-fsyntax-only", "-"], input=source, text=True,
                              capture_output=True).returncode == 0

    return [package for header, package in LIBRARIES.items() if not is_there(header)]


def check() -> None:
    """Ends the build with one sentence if something is missing. Whoever has a toolchain file knows what he does."""
    packages = [] if "CMAKE_TOOLCHAIN_FILE" in os.environ else missing()
    if packages:
        raise SystemExit(f"\nsafe_load is built from source here, and this system lacks: {' '.join(packages)} (as Debian calls "
                         "them).\nInstall them, or install a wheel, which needs no compiler: docs/install.md\n")


def build_wheel(*arguments: Any, **keywords: Any) -> str:
    check()
    return _backend.build_wheel(*arguments, **keywords)


def build_editable(*arguments: Any, **keywords: Any) -> str:
    check()
    return _backend.build_editable(*arguments, **keywords)


def __getattr__(name: str) -> Any:
    return getattr(_backend, name)  # the optional hooks, where this version has them
