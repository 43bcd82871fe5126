"""The peer of bench/gatys_step.cpp in PyTorch: the same step, the same JSON.  python gatys_torch.py SIZE STEPS"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

CHANNELS = [(3, 64), (64, 64), "pool", (64, 128), (128, 128), "pool", (128, 256), (256, 256), (256, 256), "pool",
            (256, 512), (512, 512), (512, 512), "pool", (512, 512)]
STYLE, CONTENT = (0, 2, 4, 7, 10), 8  # relu1_1 2_1 3_1 4_1 5_1, and relu4_2, counted in convolutions


def main():
    size, steps = int(sys.argv[1]), int(sys.argv[2])
    torch.manual_seed(0)
    weights = [((torch.rand(k, c, 3, 3) * 2 - 1) * (6 / (9 * c)) ** 0.5, torch.rand(k) * 0.2 - 0.1)
               for c, k in (layer for layer in CHANNELS if layer != "pool")]

    def features(x):
        maps = []
        for layer in CHANNELS:
            if layer == "pool":
                x = F.max_pool2d(x, 2)
            else:
                x = F.relu(F.conv2d(x, *weights[len(maps)], padding=1), inplace=True)
                maps.append(x)
        return maps

    def gram(f):
        f = f.flatten(2)[0]
        return f @ f.T / f.shape[1]

    def noise():
        return torch.rand(1, 3, size, size) * 255 - 120

    with torch.no_grad():
        content = features(noise())[CONTENT].clone()
        maps = features(noise())
        style = [gram(maps[i]) for i in STYLE]
        del maps
    x = noise().requires_grad_()
    optimiser = torch.optim.LBFGS([x], lr=1, max_iter=1, history_size=100)

    def closure():
        optimiser.zero_grad()
        maps = features(x)
        loss = F.mse_loss(maps[CONTENT], content)
        for i, target in zip(STYLE, style):
            g = gram(maps[i])
            loss = loss + 1e3 / g.shape[0] ** 2 * F.mse_loss(g, target)
        loss.backward()
        return loss

    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        optimiser.step(closure)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds[1:], "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


main()
