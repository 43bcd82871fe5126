"""What there is to run on: the GPU, CUDA's tools, PyTorch."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/cuda"
WORK = ROOT / "build/gpu-check"  # logs, traces, weights: what is not worth keeping

FIELDS = {
    "name": "gpu",
    "driver_version": "driver",
    "compute_cap": "compute_capability",
    "memory.total": "memory_mib",
    "clocks.max.sm": "max_clock_mhz",
    "clocks.sm": "clock_mhz",
    "clocks.mem": "memory_clock_mhz",
    "power.limit": "power_limit_w",
}


class Unusable(Exception):
    """Why nothing can be done here, in a line."""


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        text = (done.stdout + done.stderr).strip()
        raise Unusable(f"{command[0]} failed: {text.splitlines()[0] if text else f'exit code {done.returncode}'}")
    return done.stdout.strip()


def gpu():
    """The first GPU, as nvidia-smi knows it. Raises Unusable when there is none."""
    if not shutil.which("nvidia-smi"):
        raise Unusable("no CUDA device: nvidia-smi was not found, so NVIDIA's driver is not installed")
    try:
        line = output("nvidia-smi", "--query-gpu=" + ",".join(FIELDS), "--format=csv,noheader,nounits")
    except Unusable as problem:
        raise Unusable(f"no CUDA device: {problem}") from None
    if not line:
        raise Unusable("no CUDA device: nvidia-smi lists none")
    values = [value.strip() for value in line.splitlines()[0].split(",")]
    return dict(zip(FIELDS.values(), values)) | {"nvcc": nvcc_version(), "cpu_cores": os.cpu_count()}


def dry_run():
    return {"gpu": "none: the CUDA-on-CPU runner, whose times mean nothing"}


def nvcc():
    found = os.environ.get("CUDACXX") or shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if not found:
        raise Unusable("nvcc was not found: put it on the PATH or in CUDACXX")
    return found


def nvcc_version():
    return output(nvcc(), "--version").splitlines()[-1]


def architecture(gpu):
    """CMake's name of the code to generate: for this GPU alone, to be quick."""
    return gpu["compute_capability"].replace(".", "") + "-real"


def sanitizer():
    found = shutil.which("compute-sanitizer") or shutil.which(
        "compute-sanitizer", path=str(pathlib.Path(nvcc()).resolve().parent))
    if not found:
        raise Unusable("compute-sanitizer was not found")
    return found


def python(code):
    """What the python3 on the PATH prints for it; empty when it fails."""
    done = subprocess.run(["python3", "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def torch_version():
    return python("import torch; assert torch.cuda.is_available(); print(torch.__version__)")


def cudnn_folder():
    """cuDNN as pip installs it, which CMake does not look for; empty when there is none."""
    return python("import nvidia.cudnn as c, pathlib; print(pathlib.Path(list(c.__path__)[0]))")


def commit():
    try:
        changed = "+" if output("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no") else ""
        return output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD") + changed
    except (Unusable, FileNotFoundError):
        return "unknown"
