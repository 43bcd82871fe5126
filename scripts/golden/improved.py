"""Whole objectives on VGG16's formula weights: improved.safetensors.

Novak & Nikulin 2016 as the paper writes them (upsample, blur, correlate), titu1994/Neural-Style-Transfer as that
program writes its own, and the guided Gram losses of Gatys et al. 2017. Each case stores `CASE/loss` (1,) and
`CASE/grad` = d loss / d picture.
"""

import numpy as np
import torch
import torch.nn.functional as F
from common import Golden, conv_names, formula_weights, gram, leaf, picture, to_nchw, vgg_features

SIDE = 32
LAYERS = [f"relu{name}" for name in conv_names()]


def square_sum(x):
    return (x * x).sum()


def area(x):
    return x.shape[2] * x.shape[3]


def shallow_weights(count):
    """3.1: 2^(D-d), divided by their sum."""
    weights = [2.0 ** (count - d) for d in range(1, count + 1)]
    return [w / sum(weights) for w in weights]


def blur(x):
    """(1, 2, 1)/4 along both axes, edges repeated."""
    row = torch.tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(row, row).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), "replicate"), kernel, groups=x.shape[1])


def cross(deep, shallow, passes):
    """3.4, 3.6: (F^l + s) [blur(up(F^k)) + s]t / M with s = -1; both maps at the larger size."""
    size = [max(a, b) for a, b in zip(deep.shape[2:], shallow.shape[2:])]
    deep, shallow = (F.interpolate(f, size, mode="nearest") for f in (deep, shallow))
    for _ in range(passes):
        shallow = blur(shallow)
    return (deep.flatten(2) - 1) @ (shallow.flatten(2) - 1).transpose(1, 2) / (size[0] * size[1])


def chain(features, style, passes):
    """{G^{l,l-1}} with the paper's 1/(4 N N' M^2)."""
    total = 0
    for weight, k, l in zip(shallow_weights(len(LAYERS) - 1), LAYERS[:-1], LAYERS[1:]):
        mine, target = (cross(f[l], f[k], passes) for f in (features, style))
        total = total + weight * square_sum(mine - target) / (4 * mine.shape[1] * mine.shape[2])
    return total


def all_layers(features, style):
    """3.1, 3.2, 3.3 without correlations of two layers."""
    total = 0
    for weight, l in zip(shallow_weights(len(LAYERS)), LAYERS):
        mine, target = (gram(f[l], -1.0) / area(f[l]) for f in (features, style))
        total = total + weight * square_sum(mine - target) / (4 * mine.shape[1] ** 2)
    return total


def resized(mask, like):
    if mask.shape[2:] == like.shape[2:]:
        return mask
    return F.interpolate(mask, like.shape[2:], mode="bilinear", antialias=True, align_corners=False)


def guided_gram(f, mask, shift):
    guide = resized(mask, f)
    guide = guide / (guide * guide).mean().sqrt()
    flat = ((f + shift) * guide).flatten(2)
    return flat @ flat.transpose(1, 2) / area(f)


def guided(features, styles, shift):
    """styles: (features, weight, region, source); neural_style's normalisation over five layers."""
    total, sum_weights = 0, sum(weight for _, weight, _, _ in styles)
    for style, weight, region, source in styles:
        for l in ("relu1_1", "relu2_1", "relu3_1"):
            channels = features[l].shape[1]
            mine, target = guided_gram(features[l], region, shift), guided_gram(style[l], source, shift)
            total = total + weight / sum_weights * F.mse_loss(mine / channels, target / channels)
    return total


def titu1994(features, content, styles, x):
    """styles: (features, weight, mask or None). The loop, the halvings and the difference are the program's."""
    size = SIDE * SIDE

    def style_loss(style, combination, mask):
        if mask is not None:
            m = (resized(mask, style) > 0.5).double()
            style, combination = style * m, combination * m
        return square_sum(gram(style, -1.0) - gram(combination, -1.0)) / (4.0 * 3**2 * size**2)

    loss = 0.025 * square_sum(features["relu5_2"] - content["relu5_2"])
    steps = len(LAYERS) - 1
    for i in range(steps):
        for style, weight, mask in styles:
            first = style_loss(style[LAYERS[i]], features[LAYERS[i]], mask)
            second = style_loss(style[LAYERS[i + 1]], features[LAYERS[i + 1]], mask)
            loss = loss + weight / 2 ** (steps - (i + 1)) * (first - second)
    corner = x[..., :-1, :-1]
    a, b = corner - x[..., 1:, :-1], corner - x[..., :-1, 1:]
    return loss + 8.5e-5 * (a * a + b * b).pow(1.25).sum()


def left_mask():
    """1 in the left half: whole pixels in every map but the last, which binarising settles."""
    mask = np.zeros((1, SIDE, SIDE, 1))
    mask[:, :, : SIDE // 2] = 1
    return to_nchw(mask)


def soft_mask(height, width, towards):
    x = np.linspace(0, 1, width) if towards == "right" else np.linspace(1, 0, width)
    return to_nchw(np.broadcast_to(x[None, None, :, None] ** 2, (1, height, width, 1)))


def main():
    golden, weights = Golden("improved", np.float64), formula_weights()
    pictures = {name: to_nchw(picture(f"improved.{name}", h, w)[None]) for name, h, w in
                (("x", SIDE, SIDE), ("content", SIDE, SIDE), ("style_a", SIDE, SIDE), ("style_b", SIDE, SIDE),
                 ("style_c", 24, 40))}
    for name, value in pictures.items():
        golden.add(name, value)
    with torch.no_grad():
        known = {name: vgg_features(weights, value) for name, value in pictures.items()}

    def case(name, objective):
        x = leaf(pictures["x"])
        loss = objective(vgg_features(weights, x), x)
        loss.backward()
        golden.add(f"{name}/loss", loss)
        golden.add(f"{name}/grad", x.grad)

    a, b, c, content = (known[name] for name in ("style_a", "style_b", "style_c", "content"))
    case("all_layers", lambda f, x: all_layers(f, c))
    case("chain", lambda f, x: chain(f, a, 0))
    case("chain_blurred", lambda f, x: chain(f, a, 1))
    case("titu1994", lambda f, x: titu1994(f, content, [(a, 1.0, None), (b, 0.5, None)], x))
    left = left_mask()
    case("titu1994_masked", lambda f, x: titu1994(f, content, [(a, 1.0, left), (b, 1.0, 1 - left)], x))
    regions = [(a, 1.0, soft_mask(SIDE, SIDE, "right"), soft_mask(SIDE, SIDE, "left")),
               (c, 3.0, soft_mask(SIDE, SIDE, "left"), soft_mask(24, 40, "right"))]
    case("guided", lambda f, x: guided(f, regions, 0.0))
    case("guided_shifted", lambda f, x: guided(f, regions, -1.0))
    golden.save()


if __name__ == "__main__":
    main()
