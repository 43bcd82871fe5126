"""VGG16's features and image gradients: vgg_formula.safetensors (formula weights) and vgg16.safetensors."""

import sys

import torch
from common import Golden, formula_weights, leaf, nhwc, picture, to_nchw, vgg16_weights, vgg_features

STRIDES = {"1": 5, "2": 3, "3": 2, "4": 1, "5": 1}  # of the rows and columns kept, by block
PARAMETERS = ("conv1_1.weight", "conv1_1.bias", "conv3_1.bias", "conv4_2.bias")


def add_features(golden, pool, features):
    for key, x in features.items():
        if pool == "max" or key.endswith("_2"):
            stride = STRIDES[key[4]]
            golden.add(f"{pool}.{key}", x[:, :, ::stride, ::stride])
        golden.add(f"{pool}.{key}.stats", torch.stack([x.mean(), x.std(correction=0), (x * x).sum()]))


def make(name, weights, height, width, parameters):
    golden = Golden(name)
    image = picture(f"{name}.image", height, width)[None]
    golden.add("image", image)
    for pool in ("max", "average"):
        x = leaf(to_nchw(image))
        leaves = {key: leaf(value) for key, value in weights.items()}
        features = vgg_features(leaves, x, pool)
        add_features(golden, pool, features)
        y = features["relu4_2"]
        loss = (y * nhwc(f"{name}.cotangent", 1, y.shape[2], y.shape[3], y.shape[1])).sum()
        loss.backward()
        golden.add(f"{pool}.loss", loss)
        golden.add(f"{pool}.grad_image", x.grad)
        for key in parameters:
            golden.add_weight(f"{pool}.grad_{key}", leaves[key].grad)
    golden.save()


if __name__ == "__main__":
    make("vgg_formula", formula_weights(), 27, 22, PARAMETERS)
    if "--formula" not in sys.argv:
        make("vgg16", vgg16_weights(), 48, 40, ())
