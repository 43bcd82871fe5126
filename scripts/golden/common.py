"""What every golden script shares: formula tensors, pictures, layouts, the VGG stacks and the file writer.

Everything is computed in float64. The small files are stored so, and hold float64 code to its last digits; the
larger ones are stored as float32, in which a golden value is the mathematical one to about 6e-8 relative.
"""

import math
import os
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
VGG16_CONVS_PER_BLOCK = (2, 2, 3, 3, 3)
VGG16_WIDTHS = (64, 128, 256, 512, 512)

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # one order of summation, so that remaking the files is repeatable


# ---- Formula tensors: the same numbers in any language -----------------------------------------------------


def fnv1a(name):
    """FNV-1a, 32 bits, of the name's bytes: the seed of a formula tensor."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def formula(name, shape, scale=1.0):
    """scale * uniform in [-1, 1), a hash of (name, flat index); row-major in the shape given."""
    x = np.arange(math.prod(shape), dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    x = (x * np.uint64(0x9E3779B9) + np.uint64(fnv1a(name))) & mask
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x7FEB352D)) & mask
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(0x846CA68B)) & mask
    x ^= x >> np.uint64(16)
    unit = (x >> np.uint64(8)).astype(np.float64) / 2**23 - 1.0
    return (unit * scale).astype(np.float32).reshape(shape)


def nhwc(name, n, h, w, c, scale=1.0):
    """A formula tensor made in NHWC, as an NCHW float64 tensor that PyTorch can use."""
    return to_nchw(formula(name, (n, h, w, c), scale))


def picture(name, h, w):
    """A smooth picture with edges and noise: (H, W, 3) RGB, whole numbers in 0..255."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    phase = (fnv1a(name) % 1000) / 1000 * 2 * np.pi
    channels = []
    for c in range(3):
        wave = np.sin(2 * np.pi * (x * (1 + 0.4 * c) / w + y * (1.3 - 0.3 * c) / h) + phase + 2 * c)
        swirl = np.cos(9 * np.hypot(x / w - 0.5, y / h - 0.4) * (1 + 0.2 * c) - phase)
        block = np.where((x // 7 + y // 5 + c) % 3 == 0, 1.0, 0.0)
        channels.append(118 + 55 * wave + 35 * swirl + 30 * block)
    noise = 18 * formula(name, (h, w, 3)).astype(np.float64)
    return np.clip(np.rint(np.stack(channels, axis=-1) + noise), 0, 255)


# ---- Layouts -----------------------------------------------------------------------------------------------


def to_nchw(array):
    return torch.from_numpy(np.asarray(array, dtype=np.float64)).permute(0, 3, 1, 2).contiguous()


def to_nhwc(tensor):
    return tensor.detach().permute(0, 2, 3, 1).contiguous().numpy()


def leaf(tensor):
    return tensor.detach().clone().requires_grad_(True)


# ---- VGG ---------------------------------------------------------------------------------------------------


def conv_names():
    for block, convs in enumerate(VGG16_CONVS_PER_BLOCK, start=1):
        for conv in range(1, convs + 1):
            yield f"{block}_{conv}"


def formula_weights():
    """A VGG16 of He-uniform weights and small biases, all by formula."""
    weights, channels = {}, 3
    for name in conv_names():
        width = VGG16_WIDTHS[int(name[0]) - 1]
        scale = math.sqrt(6.0 / (channels * 9))
        weights[f"conv{name}.weight"] = formula(f"conv{name}.weight", (width, channels, 3, 3), scale)
        weights[f"conv{name}.bias"] = formula(f"conv{name}.bias", (width,), 0.1)
        channels = width
    return as_tensors(weights)


def vgg16_weights():
    """The converted VGG16 of get_vgg16.py."""
    default = OUT.parents[1] / "weights" / "cache" / "vgg16.safetensors"
    return as_tensors(load_file(os.environ.get("NST_VGG16", default)))


def as_tensors(arrays):
    return {key: torch.from_numpy(np.asarray(value, dtype=np.float64)) for key, value in arrays.items()}


def caffe_input(rgb):
    """RGB 0..255 -> BGR minus the mean; (N, 3, H, W) both."""
    mean = torch.tensor(CAFFE_MEAN_BGR, dtype=rgb.dtype).view(1, 3, 1, 1)
    return rgb.flip(1) - mean


def vgg_features(weights, rgb, pool=F.max_pool2d, ceil=False, border="constant"):
    """Every ReLU's output, keyed relu1_1 .. relu5_3; 2x2 pools that drop an odd last row unless `ceil`.

    Zero padding, but for the picture's own `border`, which conv1_1 sees: F.pad's mode.
    """
    x, features = caffe_input(rgb), {}
    for name in conv_names():
        if name.endswith("_1") and name != "1_1":
            x = pool(x, 2, ceil_mode=ceil)
        x = F.pad(x, (1, 1, 1, 1), border if name == "1_1" else "constant")
        x = F.relu(F.conv2d(x, weights[f"conv{name}.weight"], weights[f"conv{name}.bias"]))
        features[f"relu{name}"] = x
    return features


def gram(features, shift=0.0):
    """Un-normalised (F + s)(F + s)t, (N, C, C)."""
    flat = features.flatten(2) + shift
    return flat @ flat.transpose(1, 2)


# ---- Output ------------------------------------------------------------------------------------------------


class Golden:
    """Collects arrays and writes them as one safetensors file beneath tests/golden."""

    def __init__(self, name, dtype=np.float32):
        self.path = OUT / f"{name}.safetensors"
        self.arrays, self.dtype = {}, dtype

    def add(self, key, value):
        if torch.is_tensor(value):
            value = to_nhwc(value) if value.dim() == 4 else value.detach().numpy()
        array = np.atleast_1d(np.ascontiguousarray(value, dtype=self.dtype))
        assert key not in self.arrays, key
        assert np.isfinite(array).all(), key
        self.arrays[key] = array

    def add_weight(self, key, value):
        """As add, for a convolution weight: its OIHW layout is kept."""
        self.add(key, value.detach().flatten())
        self.arrays[key] = self.arrays[key].reshape(value.shape)

    def save(self):
        OUT.mkdir(parents=True, exist_ok=True)
        save_file(self.arrays, self.path)
        self.path.chmod(0o644)
        print(f"{self.path.name}: {len(self.arrays)} tensors, {self.path.stat().st_size / 1024:.0f} KiB")
