"""The published transform networks with formula weights: networks.safetensors.

Only the pictures, outputs and a few gradients are stored. Every weight is formula(NETWORK/KEY, shape, scale),
KEY being the one its published file uses: scale sqrt(6 / fan-in) for a convolution, 0.1 for its bias; an
instance norm has weight 1 + 0.25 * formula and bias 0.25 * formula.
"""

import math

import torch.nn.functional as F
from common import Golden, as_tensors, formula, leaf, nhwc, picture, to_nchw


class Weights:
    """Formula weights made on first use, under their published keys; all of them leaves."""

    def __init__(self, prefix):
        self.prefix, self.tensors = prefix, {}

    def get(self, key, shape, scale, offset=0.0):
        if key not in self.tensors:
            array = formula(f"{self.prefix}/{key}", shape, scale) + offset
            self.tensors[key] = leaf(as_tensors({key: array.astype("float32")})[key])
        return self.tensors[key]

    def conv(self, key, x, width, size, stride=1):
        """Reflection pad of size // 2, then the convolution `key`.{weight,bias}."""
        channels = x.shape[1]
        weight = self.get(f"{key}.weight", (width, channels, size, size), math.sqrt(6 / (channels * size**2)))
        if size > 1:
            x = F.pad(x, [size // 2] * 4, "reflect")
        return F.conv2d(x, weight, self.get(f"{key}.bias", (width,), 0.1), stride=stride)

    def norm(self, key, x):
        weight = self.get(f"{key}.weight", (x.shape[1],), 0.25, 1.0)
        return F.instance_norm(x, weight=weight, bias=self.get(f"{key}.bias", (x.shape[1],), 0.25), eps=1e-5)


def double(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def fast(weights, x):
    """pytorch/examples fast_neural_style TransformerNet; RGB 0..255 in and out."""
    for i, (width, size, stride) in enumerate(((32, 9, 1), (64, 3, 2), (128, 3, 2)), start=1):
        x = F.relu(weights.norm(f"in{i}", weights.conv(f"conv{i}.conv2d", x, width, size, stride)))
    for i in range(1, 6):
        y = F.relu(weights.norm(f"res{i}.in1", weights.conv(f"res{i}.conv1.conv2d", x, 128, 3)))
        x = x + weights.norm(f"res{i}.in2", weights.conv(f"res{i}.conv2.conv2d", y, 128, 3))
    for i, width in ((1, 64), (2, 32)):
        x = F.relu(weights.norm(f"in{i + 3}", weights.conv(f"deconv{i}.conv2d", double(x), width, 3)))
    return weights.conv("deconv3.conv2d", x, 3, 9)


# (index in the Sequential, width); "pool" and "up" stand between them.
ENCODER = (
    *((2, 64), (5, 64), "pool", (9, 128), (12, 128), "pool"),
    *((16, 256), (19, 256), (22, 256), (25, 256), "pool", (29, 512)),
)
DECODER = (
    *((1, 256), "up", (5, 256), (8, 256), (11, 256), (14, 128), "up"),
    *((18, 128), (21, 64), "up", (25, 64), (28, 3)),
)


def encoder(weights, x):
    """vgg_normalised to relu4_1: 1x1 conv 0, reflected 3x3 convs, ceil-mode pools; RGB 0..1 in."""
    x = weights.conv("0", x, 3, 1)
    for layer in ENCODER:
        if layer == "pool":
            x = F.max_pool2d(x, 2, ceil_mode=True)
        else:
            x = F.relu(weights.conv(str(layer[0]), x, layer[1], 3))
    return x


def decoder(weights, x):
    """pytorch-AdaIN's decoder from relu4_1; the last convolution is linear."""
    for layer in DECODER:
        if layer == "up":
            x = double(x)
        else:
            x = weights.conv(str(layer[0]), x, layer[1], 3)
            x = x if layer[0] == 28 else F.relu(x)
    return x


def store(golden, name, network, x, gradients):
    weights, x = Weights(name), leaf(x)
    y = network(weights, x)
    (y * nhwc(f"{name}/v", y.shape[0], y.shape[2], y.shape[3], y.shape[1])).sum().backward()
    golden.add(f"{name}/x", x)
    golden.add(f"{name}/y", y)
    golden.add(f"{name}/grad_x", x.grad)
    for key in gradients:
        golden.add_weight(f"{name}/grad_{key}", weights.tensors[key].grad)


def main():
    golden = Golden("networks")
    image = to_nchw(picture("networks.image", 20, 24)[None])
    store(golden, "fast", fast, image, ("conv1.conv2d.weight", "res3.in1.weight", "in4.weight", "in5.bias"))
    store(golden, "adain_encoder", encoder, to_nchw(picture("networks.encoder", 21, 18)[None]) / 255, ())
    code = nhwc("networks.code", 1, 3, 4, 512) + 0.5
    store(golden, "adain_decoder", decoder, code, ("28.weight", "14.bias"))
    golden.save()


if __name__ == "__main__":
    main()
