"""VGG16's features and image gradients: vgg_formula.safetensors (formula weights) and vgg16.safetensors."""

import sys

import torch
import torch.nn.functional as F
from common import Golden, formula_weights, leaf, nhwc, picture, to_nchw, vgg16_weights, vgg_features

STRIDES = {"1": 5, "2": 3, "3": 2, "4": 1, "5": 1}  # of the rows and columns kept, by block
PARAMETERS = ("conv1_1.weight", "conv1_1.bias", "conv3_1.bias", "conv4_2.bias")

# Each must keep clear of the ReLUs' kinks, or float32 rounding alone switches a unit and moves the gradients by
# percents: averaged, ceiled and replicated at once, one unit of relu3_3 comes to 7e-8 of the mean.
VARIANTS = {
    "max": {},
    "average": {"pool": F.avg_pool2d},
    "max_ceil": {"ceil": True},
    "max_replicate": {"border": "replicate"},
}


def add_features(golden, variant, features):
    for key, x in features.items():
        if variant == "max" or (variant == "average" and key.endswith("_2")):
            stride = STRIDES[key[4]]
            golden.add(f"{variant}.{key}", x[:, :, ::stride, ::stride])
        golden.add(f"{variant}.{key}.stats", torch.stack([x.mean(), x.std(correction=0), (x * x).sum()]))


def make(name, weights, height, width, variants, parameters):
    golden = Golden(name)
    image = picture(f"{name}.image", height, width)[None]
    golden.add("image", image)
    for variant in variants:
        x = leaf(to_nchw(image))
        leaves = {key: leaf(value) for key, value in weights.items()}
        features = vgg_features(leaves, x, **VARIANTS[variant])
        add_features(golden, variant, features)
        y = features["relu4_2"]
        loss = (y * nhwc(f"{name}.cotangent", 1, y.shape[2], y.shape[3], y.shape[1])).sum()
        loss.backward()
        golden.add(f"{variant}.loss", loss)
        golden.add(f"{variant}.grad_image", x.grad)
        for key in parameters:
            golden.add_weight(f"{variant}.grad_{key}", leaves[key].grad)
    golden.save()


if __name__ == "__main__":
    make("vgg_formula", formula_weights(), 27, 22, VARIANTS, PARAMETERS)
    if "--formula" not in sys.argv:
        make("vgg16", vgg16_weights(), 48, 40, ("max", "average"), ())
