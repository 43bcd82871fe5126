"""Single convolutions, ours beside PyTorch's (oneDNN), interleaved so that both see the same machine.

    python bench/compare/conv.py [--filter conv3] [--rounds 5] [--threads 2 | --processor-time]

Prints a Markdown table of medians in milliseconds and their ratios. On a machine with other work to do,
--processor-time tells more: one thread, and the time that it ran. Run with a Python that has torch; build first:
cmake --preset bench && cmake --build --preset bench
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parent.parent.parent
DIRECTIONS = ["forward", "input", "weight"]

# name: size, channels, filters, taps, stride; bench/conv2d_bench.cpp has the same layers
LAYERS = {
    "conv1_1": (512, 3, 64, 3, 1), "conv1_2": (512, 64, 64, 3, 1), "conv2_1": (256, 64, 128, 3, 1),
    "conv2_2": (256, 128, 128, 3, 1), "conv3_1": (128, 128, 256, 3, 1), "conv3_2": (128, 256, 256, 3, 1),
    "conv4_1": (64, 256, 512, 3, 1), "conv4_2": (64, 512, 512, 3, 1), "conv5_1": (32, 512, 512, 3, 1),
    "first9x9": (512, 3, 32, 9, 1), "last9x9": (512, 32, 3, 9, 1), "down1": (512, 32, 64, 3, 2),
    "down2": (256, 64, 128, 3, 2), "residual": (128, 128, 128, 3, 1), "pointwise": (128, 256, 256, 1, 1),
}


def ours(program, layer, direction, options):
    """Milliseconds of one call, the mean over a tenth of a second."""
    command = [program, f"--benchmark_filter=^{direction}/{layer}/", "--benchmark_min_time=0.1",
               "--benchmark_format=json"]
    env = dict(os.environ, OMP_NUM_THREADS=str(options.threads))
    result = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)["benchmarks"][0]["cpu_time" if options.processor_time else "real_time"]


def torch_call(layer, direction):
    size, channels, filters, taps, stride = LAYERS[layer]
    x, w = torch.rand(1, channels, size, size) - 0.5, torch.rand(filters, channels, taps, taps) - 0.5
    bias, padding = torch.rand(filters), taps // 2
    if direction == "forward":
        return lambda: F.relu_(F.conv2d(x, w, bias, stride, padding))
    grad_y = torch.rand_like(F.conv2d(x, w, None, stride, padding))
    mask = [direction == "input", direction == "weight", False]
    return lambda: torch.ops.aten.convolution_backward(
        grad_y, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask)


def torch_time(call, options):
    """The same, after a first call."""
    call()
    clock = time.process_time if options.processor_time else time.perf_counter
    calls, start = 0, clock()
    while clock() - start < 0.1:
        call()
        calls += 1
    return (clock() - start) / calls * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="only layers whose name contains this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--build", default=ROOT / "build/bench", type=Path)
    options = parser.parse_args()
    if options.processor_time:
        options.threads = 1
    torch.set_num_threads(options.threads)
    program = options.build / "bin/conv2d_bench"

    heads = " | ".join(f"{d}, ms | PyTorch | ratio" for d in DIRECTIONS)
    print(f"| layer | {heads} |\n|---|" + "---:|" * 9)
    for layer in (name for name in LAYERS if options.filter in name):
        cells = []
        for direction in DIRECTIONS:
            call, mine, theirs = torch_call(layer, direction), [], []
            with torch.no_grad():
                for _ in range(options.rounds):
                    mine.append(ours(program, layer, direction, options))
                    theirs.append(torch_time(call, options))
            a, b = statistics.median(mine), statistics.median(theirs)
            cells += [f"{a:.1f}", f"{b:.1f}", f"{a / b:.2f}"]
        print(f"| {layer} | " + " | ".join(cells) + " |", flush=True)


main()
