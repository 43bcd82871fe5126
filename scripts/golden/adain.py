"""Two steps of training AdaIN's decoder as naoto0804/pytorch-AdaIN does: adain_training.safetensors.

Networks and formula weights are networks.py's. Stored: `content` and `style`, RGB 0..1; per step `content_loss`,
`style_loss` (unweighted), `total`; the first step's gradients and the parameters after both steps, some of each.
"""

import torch
import torch.nn.functional as F
from common import Golden, leaf, picture, to_nchw
from networks import ENCODER, Weights, decoder
from torch.optim import Adam

CONTENT_WEIGHT, STYLE_WEIGHT = 1, 10
STORED = ("28.weight", "14.bias", "1.bias")


def encoder_maps(weights, x):
    """The normalised VGG-19's relu1_1, relu2_1, relu3_1 and relu4_1."""
    maps, after_pool = [], True
    x = weights.conv("0", x, 3, 1)
    for layer in ENCODER:
        if layer == "pool":
            x = F.max_pool2d(x, 2, ceil_mode=True)
            after_pool = True
            continue
        x = F.relu(weights.conv(str(layer[0]), x, layer[1], 3))
        if after_pool:
            maps.append(x)
        after_pool = False
    return maps


def statistics(x):
    """Mean and unbiased standard deviation of each channel, (N, C, 1, 1)."""
    return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + 1e-5).sqrt()


def losses(encoder_weights, decoder_weights, content, style):
    with torch.no_grad():
        wanted = [statistics(m) for m in encoder_maps(encoder_weights, style)]
        content_map = encoder_maps(encoder_weights, content)[-1]
        mean, std = statistics(content_map)
        target = (content_map - mean) / std * wanted[-1][1] + wanted[-1][0]
    maps = encoder_maps(encoder_weights, decoder(decoder_weights, target))
    content_loss = F.mse_loss(maps[-1], target)
    style_loss = sum(
        F.mse_loss(have, want) for m, pair in zip(maps, wanted) for have, want in zip(statistics(m), pair)
    )
    return content_loss, style_loss


def main():
    golden = Golden("adain_training")
    pictures = {
        kind: to_nchw([picture(f"adain.{kind}{i}", 24, 32) for i in range(2)]) / 255 for kind in ("content", "style")
    }
    for kind, batch in pictures.items():
        golden.add(kind, batch)
    encoder_weights, decoder_weights = Weights("adain_encoder"), Weights("adain_decoder")
    losses(encoder_weights, decoder_weights, **pictures)  # makes the weights
    parameters = decoder_weights.tensors
    for key, value in encoder_weights.tensors.items():
        encoder_weights.tensors[key] = value.detach()
    optimiser = Adam(parameters.values(), lr=1e-4)
    for step in (1, 2):
        content_loss, style_loss = losses(encoder_weights, decoder_weights, **pictures)
        total = CONTENT_WEIGHT * content_loss + STYLE_WEIGHT * style_loss
        for name, value in (("content_loss", content_loss), ("style_loss", style_loss), ("total", total)):
            golden.add(f"step{step}/{name}", value)
        optimiser.zero_grad()
        total.backward()
        if step == 1:
            for key in STORED:
                golden.add_weight(f"step1/grad_{key}", parameters[key].grad)
        optimiser.step()
        for key in STORED:
            golden.add_weight(f"step{step}/{key}", leaf(parameters[key]))
    golden.save()


if __name__ == "__main__":
    main()
