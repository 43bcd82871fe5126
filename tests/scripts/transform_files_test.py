"""Transform networks written by `nst weights convert`, as PyTorch and ONNX Runtime find them.

    python transform_files_test.py NST SOURCE_FOLDER

Exits with 77, for "skipped", where the Python that runs it has no onnxruntime, torch or safetensors.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import onnxruntime
    import torch
    from safetensors.numpy import load_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

NST, ROOT = Path(sys.argv[1]), Path(sys.argv[2])
DATA, SHARED = ROOT / "tests/data/weights", ROOT.parent / "shared/weights/fast_style_checkpoints"
TOLERANCE = 1e-3  # of 0..255


def convert(*arguments):
    subprocess.run([NST, "weights", "convert", *arguments], check=True)


def onnx_output(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["output"], {"input": np.ascontiguousarray(x.transpose(0, 3, 1, 2))})[0].transpose(0, 2, 3, 1)


def check_onnx(folder, source, x, expected):
    path = folder / f"{source.stem}.onnx"
    convert(source, path)
    y = np.clip(onnx_output(path, x), 0, 255)
    assert y.shape == expected.shape, (source.name, y.shape, expected.shape)
    worst = np.abs(y.astype("float64") - np.clip(expected, 0, 255)).max()
    print(f"{source.name} in ONNX Runtime: at most {worst:.1e} of 255 from PyTorch's float64")
    assert worst <= TOLERANCE, source.name


def check_torch(folder):
    """The names and values that PyTorch wrote come back to it, without the old running statistics."""
    original = torch.load(DATA / "transform_examples.pth", weights_only=True)
    convert(DATA / "transform_examples.pth", folder / "back.pth")
    written = torch.load(folder / "back.pth", weights_only=True)
    assert set(written) == {key for key in original if ".running_" not in key}
    for key, value in written.items():
        assert value.shape == original[key].shape and torch.equal(value, original[key]), key
    print(f"{len(written)} tensors come back to PyTorch as they were")


def check_ours(folder):
    """Our own format keeps everything that the others need."""
    convert(DATA / "transform_rrmina.pth", folder / "ours.safetensors")
    convert(folder / "ours.safetensors", folder / "ours.onnx")
    convert(DATA / "transform_rrmina.pth", folder / "direct.onnx")
    assert (folder / "ours.onnx").read_bytes() == (folder / "direct.onnx").read_bytes()


def main():
    golden = load_file(ROOT / "tests/golden/transforms.safetensors")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("examples.pth", "gordicaleksa.pth", "rrmina.pth"):
            check_onnx(folder, DATA / f"transform_{file}", golden["x"], golden[f"{file.split('.')[0]}/y"])
        check_torch(folder)
        check_ours(folder)
        if not SHARED.exists():
            print("the reference data (../shared) is missing: lengstrom's networks are left out")
            return
        for style in ("la_muse", "udnie"):
            check_onnx(folder, SHARED / style, golden[f"{style}/x"], golden[f"{style}/y"])


main()
