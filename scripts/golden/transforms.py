"""Other programs' transform networks, written again in PyTorch: transforms.safetensors and the small weight files
in tests/data/weights that nn/transform_import.cpp is tested with.

The networks of lengstrom's need their published weights, a folder of deeplearn.js variables for each:

    python transforms.py --lengstrom ../shared/weights/fast_style_checkpoints
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from common import OUT, Golden, caffe_input, formula, picture, to_nchw

DATA = OUT.parent / "data" / "weights"
SIZES = {"la_muse": (33, 41), "udnie": (40, 30)}  # sides that are multiples of 4, and others


# ---- lengstrom's -------------------------------------------------------------------------------------------


def same(size, stride, kernel):
    """TensorFlow's SAME: zeros before and behind."""
    both = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return both // 2, both - both // 2


class Lengstrom:
    def __init__(self, folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        self.variables = {
            name: torch.from_numpy(np.fromfile(folder / v["filename"], "<f4").astype("float64").reshape(v["shape"]))
            for name, v in manifest.items()
        }
        self.next = 0

    def take(self):
        name = f"Variable_{self.next}" if self.next else "Variable"
        self.next += 1
        return self.variables[name]

    def norm(self, x, relu):
        shift, scale = self.take(), self.take()
        x = F.instance_norm(x, weight=scale, bias=shift, eps=1e-3)
        return F.relu(x) if relu else x

    def conv(self, x, stride=1, relu=True):
        kernel = self.take()  # (H, W, I, O)
        top, bottom = same(x.shape[2], stride, kernel.shape[0])
        left, right = same(x.shape[3], stride, kernel.shape[1])
        x = F.conv2d(F.pad(x, (left, right, top, bottom)), kernel.permute(3, 2, 0, 1), stride=stride)
        return self.norm(x, relu)

    def up(self, x):
        kernel = self.take()  # (H, W, out, in)
        height, width = 2 * x.shape[2], 2 * x.shape[3]
        x = F.conv_transpose2d(x, kernel.permute(3, 2, 0, 1), stride=2)
        return self.norm(x[:, :, :height, :width], True)

    def __call__(self, x):
        x = self.conv(self.conv(self.conv(x), 2), 2)
        for _ in range(5):
            x = x + self.conv(self.conv(x), relu=False)
        x = self.up(self.up(x))
        return torch.tanh(self.conv(x, relu=False)) * 150 + 127.5


# ---- Johnson's own: BGR minus the mean, zeros around all but the residual blocks ----------------------------


def johnson(x, width):
    def weight(name, *shape, scale=None):
        scale = scale or (6 / np.prod(shape[1:])) ** 0.5
        return torch.from_numpy(formula(f"johnson/{name}", shape, scale).astype("float64"))

    def norm(x, name, relu=True):
        c = x.shape[1]
        x = F.instance_norm(x, weight=1 + weight(f"{name}.weight", c, scale=0.25),
                            bias=weight(f"{name}.bias", c, scale=0.25))
        return F.relu(x) if relu else x

    def conv(x, name, channels, kernel, **options):
        return F.conv2d(x, weight(f"{name}.weight", channels, x.shape[1], kernel, kernel),
                        weight(f"{name}.bias", channels, scale=0.1), **options)

    x = F.pad(caffe_input(x), [40] * 4, "reflect")
    x = norm(conv(x, "down1.conv", width, 9, padding=4), "down1.norm")
    x = norm(conv(x, "down2.conv", 2 * width, 3, stride=2, padding=1), "down2.norm")
    x = norm(conv(x, "down3.conv", 4 * width, 3, stride=2, padding=1), "down3.norm")
    for i in range(1, 6):
        name = f"residual{i}"
        y = norm(conv(x, f"{name}.conv1", 4 * width, 3), f"{name}.norm1")
        x = x[:, :, 2:-2, 2:-2] + norm(conv(y, f"{name}.conv2", 4 * width, 3), f"{name}.norm2", relu=False)
    for i, c in ((1, 2 * width), (2, width)):
        kernel = weight(f"up{i}.conv.weight", x.shape[1], c, 3, 3)
        x = norm(F.conv_transpose2d(x, kernel, stride=2, padding=1, output_padding=1), f"up{i}.norm")
    return 150 * torch.tanh(conv(x, "up3.conv", 3, 9, padding=4))


# ---- Those that PyTorch modules are saved from, two channels wide ------------------------------------------


class Conv2d(nn.Module):
    """The name that pytorch/examples' layers have: .conv2d"""

    def __init__(self, c, k, kernel, stride=1, upsample=1):
        super().__init__()
        self.conv2d, self.upsample = nn.Conv2d(c, k, kernel, stride), upsample

    def forward(self, x):
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        return self.conv2d(F.pad(x, [self.conv2d.kernel_size[0] // 2] * 4, "reflect"))


def norm(c):
    return nn.InstanceNorm2d(c, affine=True)


class ExamplesResidual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.in1, self.conv2, self.in2 = Conv2d(c, c, 3), norm(c), Conv2d(c, c, 3), norm(c)

    def forward(self, x):
        return x + self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))


class Examples(nn.Module):
    """pytorch/examples' names."""

    def __init__(self, w):
        super().__init__()
        self.conv1, self.in1 = Conv2d(3, w, 9), norm(w)
        self.conv2, self.in2 = Conv2d(w, 2 * w, 3, 2), norm(2 * w)
        self.conv3, self.in3 = Conv2d(2 * w, 4 * w, 3, 2), norm(4 * w)
        for i in range(1, 6):
            setattr(self, f"res{i}", ExamplesResidual(4 * w))
        self.deconv1, self.in4 = Conv2d(4 * w, 2 * w, 3, upsample=2), norm(2 * w)
        self.deconv2, self.in5 = Conv2d(2 * w, w, 3, upsample=2), norm(w)
        self.deconv3 = Conv2d(w, 3, 9)

    def forward(self, x):
        for i in range(1, 4):
            x = F.relu(getattr(self, f"in{i}")(getattr(self, f"conv{i}")(x)))
        for i in range(1, 6):
            x = getattr(self, f"res{i}")(x)
        x = F.relu(self.in4(self.deconv1(x)))
        return self.deconv3(F.relu(self.in5(self.deconv2(x))))


class RrminaConv(nn.Module):
    def __init__(self, c, k, kernel, stride=1, last=False):
        super().__init__()
        self.conv_layer = nn.Conv2d(c, k, kernel, stride)
        self.norm_layer = nn.Identity() if last else norm(k)

    def forward(self, x):
        x = F.pad(x, [self.conv_layer.kernel_size[0] // 2] * 4, "reflect")
        return self.norm_layer(self.conv_layer(x))


class RrminaUp(nn.Module):
    def __init__(self, c, k):
        super().__init__()
        self.conv_transpose = nn.ConvTranspose2d(c, k, 3, 2, 1, 1)
        self.norm_layer = norm(k)

    def forward(self, x):
        return self.norm_layer(self.conv_transpose(x))


class RrminaResidual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.conv2 = RrminaConv(c, c, 3), RrminaConv(c, c, 3)

    def forward(self, x):
        return x + self.conv2(F.relu(self.conv1(x)))


class Rrmina(nn.Module):
    def __init__(self, w):
        super().__init__()
        relu = nn.ReLU()
        self.ConvBlock = nn.Sequential(RrminaConv(3, w, 9), relu, RrminaConv(w, 2 * w, 3, 2), relu,
                                       RrminaConv(2 * w, 4 * w, 3, 2), relu)
        self.ResidualBlock = nn.Sequential(*(RrminaResidual(4 * w) for _ in range(5)))
        self.DeconvBlock = nn.Sequential(RrminaUp(4 * w, 2 * w), relu, RrminaUp(2 * w, w), relu,
                                         RrminaConv(w, 3, 9, last=True))

    def forward(self, x):
        return self.DeconvBlock(self.ResidualBlock(self.ConvBlock(x)))


def randomise(module):
    """Norms that do something."""
    for name, p in module.named_parameters():
        if p.dim() == 1:
            p.data += torch.from_numpy(formula(name, tuple(p.shape), 0.25).astype("float64"))
    return module


def in_byte_range(last):
    """A last layer whose output is a picture's, mostly."""
    last.weight *= 60
    last.bias += 128


def gordicaleksa_names(state):
    names = {}
    for name, value in state.items():
        if name.startswith("deconv"):
            name = f"up{name[6]}" + (".conv2d." if name[6] == "3" else ".conv2d.conv2d.") + name.rsplit(".", 1)[1]
        names[name] = value
    return names


def float_state(module):
    return {key: value.float() for key, value in module.state_dict().items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengstrom", type=Path, required=True, help="the folder that holds la_muse and udnie")
    options = parser.parse_args()
    golden = Golden("transforms")

    with torch.no_grad():
        for name, size in SIZES.items():
            x = to_nchw(picture(f"transforms.{name}", *size)[None])
            golden.add(f"{name}/x", x)
            golden.add(f"{name}/y", Lengstrom(options.lengstrom / name)(x))

        x = to_nchw(picture("transforms.johnson", 48, 44)[None])
        golden.add("johnson/x", x)
        golden.add("johnson/y", johnson(x, 4))

        torch.manual_seed(1)
        x = to_nchw(picture("transforms.x", 24, 20)[None])
        golden.add("x", x)
        module = randomise(Examples(2)).float().double()  # as the file will have it
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        mean, std = (v.double().view(1, 3, 1, 1) for v in (mean, std))
        y = (module((x / 255 - mean) / std) * std + mean) * 255
        golden.add("gordicaleksa/y", y.clamp(0, 255))
        state = {"state_dict": gordicaleksa_names(float_state(module)), "num_of_epochs": 2}
        torch.save(state, DATA / "transform_gordicaleksa.pth")

        in_byte_range(module.deconv3.conv2d)
        golden.add("examples/y", module(x).clamp(0, 255))
        state = float_state(module)
        norms = [key[:-7] for key in state if re.search(r"in\d\.weight$", key)]
        state |= {f"{key}.running_{what}": state[f"{key}.weight"] for key in norms for what in ("mean", "var")}
        torch.save(state, DATA / "transform_examples.pth", _use_new_zipfile_serialization=False)
        torch.onnx.export(module.float(), (x.float(),), DATA / "transform_examples.onnx", input_names=["input1"],
                          output_names=["output1"], opset_version=17, dynamo=False)

        module = randomise(Rrmina(2))
        in_byte_range(module.DeconvBlock[4].conv_layer)
        module.float().double()
        golden.add("rrmina/y", module(x.flip(1)).flip(1).clamp(0, 255))
        torch.save(float_state(module), DATA / "transform_rrmina.pth")
    golden.save()


if __name__ == "__main__":
    main()
