"""VGG16 for a run: the real one where it has been fetched, else random weights of its shape, as a safetensors file."""

import array
import json
import random
import struct
import subprocess

WIDTHS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 1))  # to conv5_1


def write_random(path):
    """He-uniform convolutions, which keep the activations' size, and small biases."""
    generator, header, offset, arrays = random.Random(1), {}, 0, []

    def add(name, shape, bound, count):
        nonlocal offset
        values = array.array("f", ((2 * generator.random() - 1) * bound for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + 4 * count]}
        offset += 4 * count
        arrays.append(values)

    c = 3
    for block, (k, layers) in enumerate(WIDTHS, start=1):
        for layer in range(1, layers + 1):
            add(f"conv{block}_{layer}.weight", [k, c, 3, 3], (6 / (9 * c)) ** 0.5, k * c * 9)
            add(f"conv{block}_{layer}.bias", [k], 0.1, k)
            c = k
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in arrays:
            values.tofile(file)


def vgg16(nst, work, environment):
    """(what --weights is to be given, what to call it)"""
    known = subprocess.run([nst, "weights", "verify", "vgg16"], capture_output=True, env=environment)
    if known.returncode == 0:
        return "vgg16", "VGG16"
    path = work / "random_vgg16.safetensors"
    if not path.exists():
        write_random(path)
    return path, "random (VGG16's are not at hand), so that losses say nothing"
