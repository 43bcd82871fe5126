"""The Debian packages that the `cuda` preset needs, carried to a machine that lacks them: headers, libraries and what
CMake and pkg-config want to know of them, as a tree below one folder."""

import os
import pathlib
import re
import shutil
import subprocess
import tarfile

from gpu_check.machine import Unusable

# What scripts/setup installs, less compilers, CMake, fuzzing, formatting, and Boost, which only the runner needs.
PACKAGES = (
    "libeigen3-dev libfmt-dev libcli11-dev nlohmann-json3-dev libspdlog-dev libstb-dev patch pkg-config libexif-dev "
    "libcairo2-dev libzip-dev libonnx-dev libprotobuf-dev libssl-dev libcurl4-openssl-dev zlib1g-dev libgtest-dev "
    "libbenchmark-dev").split()
# What any machine with a compiler has a version of its own of.
NOT_CARRIED = re.compile(
    r"(libc6|libc-|libstdc\+\+|libgcc|gcc|g\+\+|cpp|binutils|linux-libc|libcrypt|libnsl|libtirpc|rpcsvc|python|perl|dpkg|debconf|"
    r"tar$|bash|coreutils|sensible|ucf|x11-common|libx11-data|fonts|fontconfig-config|shared-mime|ca-certificates|libglib2.0-bin)")
KEPT = re.compile(r"/usr/(include|share/(cmake|pkgconfig|eigen3)[^/]*)/|/usr/lib/[^/]+-linux-gnu/|/usr/lib/cmake/|/usr/lib/lib[^/]+$|"
                  r"/usr/bin/(patch|pkgconf|pkg-config|[^/]*-linux-gnu-pkg-config)$")
LARGEST_MB = 64


def closure(packages):
    """The packages and, of what they depend on, what is installed and worth carrying."""
    found, waiting = [], list(packages)
    while waiting:
        name = waiting.pop()
        if name in found or NOT_CARRIED.match(name):
            continue
        query = ["dpkg-query", "-W", "-f=${db:Status-Abbrev} ${Depends}, ${Pre-Depends}\n", name]
        done = subprocess.run(query, capture_output=True, text=True)
        if done.returncode or not done.stdout.startswith("ii"):
            if name in packages:
                raise Unusable(f"{name} is not installed here; scripts/setup --packages installs it")
            continue
        found.append(name)
        for alternatives in done.stdout[2:].split(","):
            waiting += [re.sub(r"[ (:].*", "", one.strip()) for one in alternatives.split("|") if one.strip()]
    return found


def files_of(packages):
    """Where the packages' files really are, as far as they are kept."""
    listed = subprocess.run(["dpkg", "-L", *packages], capture_output=True, text=True, check=True).stdout
    paths = set()
    for line in listed.splitlines():
        path = re.sub(r"^/lib/", "/usr/lib/", line.strip())  # one folder, under two names
        if KEPT.match(path) and (os.path.isfile(path) or os.path.islink(path)):
            paths.add(path)
    # A static library is of no use beside the shared one.
    return sorted(p for p in paths if not (p.endswith(".a") and p[:-2] + ".so" in paths))


def relative_target(target, link):
    """What a link may say in the bundle; None when it leads out of it."""
    if not target.startswith("/"):
        return target
    target = re.sub(r"^/lib/", "/usr/lib/", target)
    return os.path.relpath(target, os.path.dirname(link)) if KEPT.match(target) else None


def add(tar, path):
    info = tar.gettarinfo(path, arcname=path.lstrip("/"))
    info.uid = info.gid = 0
    if info.issym():
        info.linkname = relative_target(info.linkname, path)
        if info.linkname is None:
            return
    elif info.islnk():  # to a file that may be elsewhere in the list
        info.type, info.size = tarfile.REGTYPE, os.path.getsize(path)
    if info.isreg():
        with open(path, "rb") as file:
            tar.addfile(info, file)
    else:
        tar.addfile(info)


def pack(target):
    packages = closure(PACKAGES)
    files = files_of(packages)
    with tarfile.open(target, "w:xz") as tar:
        for path in files:
            add(tar, path)
    size = os.path.getsize(target) / 1e6
    print(f"{target}: {len(files)} files of {len(packages)} packages, {size:.1f} MB")
    if size > LARGEST_MB:
        raise SystemExit(f"gpu-check: the bundle is larger than {LARGEST_MB} MB")


def unpack(path, work):
    """The folder with what pack() packed."""
    if path.is_dir():
        return path.resolve()
    if not path.is_file():
        raise Unusable(f"--deps: {path}: no such file or folder")
    folder = work / "deps"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(folder)
    return folder.resolve()


def libraries(deps):
    return next((deps / "usr/lib").glob("*-linux-gnu"))


def environment(deps, work):
    """The variables with which CMake finds everything there."""
    lib = libraries(deps)
    variables = {
        "CMAKE_PREFIX_PATH": str(deps / "usr"),
        "PKG_CONFIG_PATH": f"{lib}/pkgconfig:{deps}/usr/share/pkgconfig",
        "PKG_CONFIG_SYSROOT_DIR": str(deps),
        "PATH": f"{os.environ['PATH']}:{deps}/usr/bin",
    }
    if not shutil.which("pkg-config"):  # the carried one needs a library of its own
        wrapper = work / "pkg-config"
        wrapper.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={lib} exec {deps}/usr/bin/pkgconf "$@"\n')
        wrapper.chmod(0o755)
        variables["PKG_CONFIG"] = str(wrapper)
    return variables


def cmake_options(deps):
    """An old-style rpath, which also counts for what the libraries themselves need."""
    lib = libraries(deps)
    return [f"-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,-rpath,{lib},-rpath-link,{lib}"]
