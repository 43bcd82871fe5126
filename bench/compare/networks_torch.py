"""The networks of bench/step.cpp in PyTorch, with random weights."""

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
        self.first, self.second = Convolution(c, c, norm=True), Convolution(c, c, norm=True, relu=False)

    def forward(self, x):
        return x + self.second(self.first(x))


def transform():
    """pytorch/examples' TransformerNet."""
    return nn.Sequential(
        Convolution(3, 32, 9, norm=True),
        Convolution(32, 64, stride=2, norm=True),
        Convolution(64, 128, stride=2, norm=True),
        *(Residual(128) for _ in range(5)),
        Convolution(128, 64, upsample=2, norm=True),
        Convolution(64, 32, upsample=2, norm=True),
        Convolution(32, 3, 9, relu=False),
    )


def encoder():
    """The normalised VGG-19 to relu4_1; relu1_1, 2_1, 3_1 and 4_1 are the outputs of 1, 4, 7 and 12."""
    layers, c = [Convolution(3, 3, 1, relu=False)], 3
    for layer in (64, 64, "pool", 128, 128, "pool", 256, 256, 256, 256, "pool", 512):
        layers.append(nn.MaxPool2d(2, ceil_mode=True) if layer == "pool" else Convolution(c, layer))
        c = c if layer == "pool" else layer
    return nn.ModuleList(layers)


def decoder():
    widths = ((512, 256, 1), (256, 256, 2), (256, 256, 1), (256, 256, 1), (256, 128, 1), (128, 128, 2), (128, 64, 1),
              (64, 64, 2), (64, 3, 1))
    return nn.Sequential(*(Convolution(c, k, upsample=up, relu=k != 3) for c, k, up in widths))


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
