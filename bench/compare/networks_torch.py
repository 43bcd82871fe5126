"""The networks of bench/step.cpp in PyTorch, with random weights. Those of ours that are files have their blocks' names,
so that a file's parameters load as they are."""

from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F


class Convolution(nn.Module):
    """[nearest upsampling,] reflecting border, convolution[, instance norm][, ReLU]"""

    def __init__(self, c, k, kernel=3, stride=1, upsample=1, norm=False, relu=True):
        super().__init__()
        self.upsample, self.border, self.relu = upsample, kernel // 2, relu
        self.conv = nn.Conv2d(c, k, kernel, stride)
        self.norm = nn.InstanceNorm2d(k, affine=True) if norm else None

    def forward(self, x):
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        if self.border:
            x = F.pad(x, [self.border] * 4, "reflect")
        x = self.conv(x)
        if self.norm:
            x = self.norm(x)
        return F.relu(x) if self.relu else x


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(c, c, 3), nn.Conv2d(c, c, 3)
        self.norm1, self.norm2 = nn.InstanceNorm2d(c, affine=True), nn.InstanceNorm2d(c, affine=True)

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(F.pad(x, [1] * 4, "reflect"))))
        return x + self.norm2(self.conv2(F.pad(y, [1] * 4, "reflect")))


def sequence(down, residuals, up):
    blocks = OrderedDict((f"down{i + 1}", block) for i, block in enumerate(down))
    blocks.update((f"residual{i + 1}", block) for i, block in enumerate(residuals))
    blocks.update((f"up{i + 1}", block) for i, block in enumerate(up))
    return nn.Sequential(blocks)


def transform():
    """pytorch/examples' TransformerNet."""
    return sequence(
        [Convolution(3, 32, 9, norm=True), Convolution(32, 64, stride=2, norm=True),
         Convolution(64, 128, stride=2, norm=True)],
        [Residual(128) for _ in range(5)],
        [Convolution(128, 64, upsample=2, norm=True), Convolution(64, 32, upsample=2, norm=True),
         Convolution(32, 3, 9, relu=False)],
    )


def quick():
    """quick_transform() of nn/known_networks.h."""
    return sequence(
        [Convolution(3, 32, 7, stride=2, norm=True), Convolution(32, 64, stride=2, norm=True)],
        [Residual(64) for _ in range(5)],
        [Convolution(64, 32, upsample=2, norm=True), Convolution(32, 3, 7, upsample=2, relu=False)],
    )


ENCODER = {"conv1_1": 64, "conv1_2": 64, "pool1": 0, "conv2_1": 128, "conv2_2": 128, "pool2": 0, "conv3_1": 256,
           "conv3_2": 256, "conv3_3": 256, "conv3_4": 256, "pool3": 0, "conv4_1": 512}


def encoder():
    """The normalised VGG-19 to relu4_1; relu1_1, 2_1, 3_1 and 4_1 are the outputs of 1, 4, 7 and 12."""
    layers, c = OrderedDict(preprocess=Convolution(3, 3, 1, relu=False)), 3
    for name, k in ENCODER.items():
        layers[name] = Convolution(c, k) if k else nn.MaxPool2d(2, ceil_mode=True)
        c = k or c
    return nn.Sequential(layers)


def decoder():
    names = [name for name, k in ENCODER.items() if k][::-1]
    widths = ((512, 256, 1), (256, 256, 2), (256, 256, 1), (256, 256, 1), (256, 128, 1), (128, 128, 2), (128, 64, 1),
              (64, 64, 2), (64, 3, 1))
    return nn.Sequential(OrderedDict((f"de{name}", Convolution(c, k, upsample=up, relu=k != 3))
                                     for name, (c, k, up) in zip(names, widths, strict=True)))


VGG16 = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512)


def vgg16(convolutions):
    """VGG16's first so many convolutions: a function from a picture to the output of each ReLU; .layers are theirs."""
    layers, c = nn.ModuleList(), 3
    for layer in VGG16:
        if layer != "pool":
            layers.append(nn.Conv2d(c, layer, 3, padding=1))
            c = layer
    layers = layers[:convolutions].requires_grad_(False)

    def features(x):
        maps = []
        for layer in VGG16:
            if len(maps) == len(layers):
                break
            if layer == "pool":
                x = F.max_pool2d(x, 2)
            else:
                x = F.relu(layers[len(maps)](x), inplace=True)
                maps.append(x)
        return maps

    features.layers = layers
    return features
