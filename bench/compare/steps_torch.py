"""The peer of bench/step.cpp in PyTorch: the same steps, the same JSON.

    python steps_torch.py WHAT SIZE STEPS [cuda [fp32|tf32|bf16|fp16]] [--weights FOLDER]
"""

import argparse
import json
import resource
import time
from pathlib import Path

import networks_torch as networks
import numpy as np
import torch
import torch.nn.functional as F


def picture(size, batch=1):
    return torch.rand(batch, 3, size, size)


def gram(f, scale):
    f = f.flatten(2)
    return f @ f.transpose(1, 2) * scale


def gatys(size):
    features = networks.vgg16(11)  # to relu5_1
    style_layers, content_layer = (0, 2, 4, 7, 10), 8  # relu1_1 2_1 3_1 4_1 5_1, and relu4_2

    def grams(maps):
        return [gram(maps[i], 1 / maps[i][0, 0].numel()) for i in style_layers]

    with torch.no_grad():
        content = features(picture(size) * 255 - 120)[content_layer].clone()
        style = grams(features(picture(size) * 255 - 120))
    x = (picture(size) * 255 - 120).requires_grad_()
    optimiser = torch.optim.LBFGS([x], lr=1, max_iter=1, history_size=100)

    def closure():
        optimiser.zero_grad()
        maps = features(x)
        loss = F.mse_loss(maps[content_layer], content)
        for g, target in zip(grams(maps), style):
            loss = loss + 1e3 / g.shape[1] ** 2 * F.mse_loss(g, target)
        loss.backward()
        return loss

    return lambda: optimiser.step(closure)


def formula_picture(size, range, seed=0):
    """The picture that bench/step.cpp makes, (1, 3, H, W)."""
    i = np.arange(seed, seed + size * size * 3, dtype=np.uint64)
    values = (i * np.uint64(2654435761) % np.uint64(2**32)).astype(np.float64) * range / 2**32
    x = torch.from_numpy(values.astype(np.float32).reshape(1, size, size, 3)).permute(0, 3, 1, 2).contiguous()
    return x.to(torch.get_default_device())


def load(what, **networks):
    """Gives the networks the parameters of our file, whose names begin with theirs where there are two."""
    if options.weights is None:
        return
    from safetensors.torch import load_file

    state = load_file(options.weights / f"{what}.safetensors")
    for name, network in networks.items():
        prefix = f"{name}." if len(networks) > 1 else ""
        network.load_state_dict({key[len(prefix):]: value for key, value in state.items() if key.startswith(prefix)})


def transform(what, network, size):
    load(what, network=network)
    network, x = network.eval(), formula_picture(size, 255)

    def step():
        with torch.inference_mode():
            return network(x)

    return step


def fast(size):
    return transform("fast", networks.transform(), size)


def quick(size):
    return transform("quick", networks.quick(), size)


def statistics(f):
    return f.mean((2, 3), keepdim=True), (f.var((2, 3), keepdim=True, correction=0) + 1e-5).sqrt()


def adain_of(content, style):
    (mean, deviation), (style_mean, style_deviation) = statistics(content), statistics(style)
    return (content - mean) / deviation * style_deviation + style_mean


def outputs(encoder, x):
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    return maps


def adain(size):
    encoder, decoder = networks.encoder(), networks.decoder()
    load("adain", encoder=encoder, decoder=decoder)
    content, style = formula_picture(size, 1), formula_picture(size, 1, 2**20)

    def step():
        with torch.inference_mode():
            return decoder(adain_of(encoder(content), encoder(style)))

    return step


def train_fast(size, batch=4):
    features, layers = networks.vgg16(10), (1, 3, 6, 9)  # relu1_2, 2_2, 3_3, 4_3
    network, x = networks.transform(), picture(size, batch) * 255 - 120
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)

    def grams(maps):
        return [gram(maps[i], 1 / maps[i][0].numel()) for i in layers]

    with torch.no_grad():
        style = grams(features(picture(size, batch) * 255 - 120))

    def step():
        with torch.no_grad():
            content = features(x)[3]
        maps = features(network(x))
        loss = 1e5 * F.mse_loss(maps[3], content)
        for g, target in zip(grams(maps), style):
            loss = loss + 1e10 * F.mse_loss(g, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def train_adain(size, batch=8):
    encoder, decoder, layers = networks.encoder().requires_grad_(False), networks.decoder(), (1, 4, 7, 12)
    content, style = picture(size, batch), picture(size, batch)
    optimiser = torch.optim.Adam(decoder.parameters(), 1e-4)

    def step():
        with torch.no_grad():
            style_maps = outputs(encoder, style)
            target = adain_of(outputs(encoder, content)[-1], style_maps[-1])
        maps = outputs(encoder, decoder(target))
        loss = F.mse_loss(maps[-1], target)
        for i in layers:
            for ours, theirs in zip(statistics(maps[i]), statistics(style_maps[i])):
                loss = loss + 10 * F.mse_loss(ours, theirs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def on_gpu(what, size, math):
    """The step with everything it makes on the GPU, and how it computes there."""
    torch.set_default_device("cuda")
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = math != "fp32"
    step = what(size)

    def run():
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(math)
        with torch.autocast("cuda", half or torch.float16, enabled=half is not None):
            result = step()
        torch.cuda.synchronize()
        return result

    return run


def main():
    torch.manual_seed(0)
    function = {f.__name__: f for f in (gatys, fast, quick, adain, train_fast, train_adain)}[options.what]
    step = function(options.size) if options.device == "cpu" else on_gpu(function, options.size, options.math)
    seconds, rms = [], 0
    for i in range(options.steps + 1):
        start = time.perf_counter()
        result = step()
        seconds.append(time.perf_counter() - start)
        if i == 0 and result is not None and options.what in ("fast", "quick", "adain"):
            rms = result.square().mean().sqrt().item()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    device_memory = 0 if options.device == "cpu" else torch.cuda.max_memory_allocated() >> 20
    print(json.dumps({"seconds": seconds[1:], "rms": rms, "peak_rss_mb": memory, "peak_device_mb": device_memory}))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("what")
parser.add_argument("size", type=int)
parser.add_argument("steps", type=int)
parser.add_argument("device", nargs="?", default="cpu")
parser.add_argument("math", nargs="?", default="fp32")
parser.add_argument("--weights", type=Path, help="the folder that step weights wrote to; else they are random")
options = parser.parse_args()
main()
