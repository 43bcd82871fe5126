"""A whole step of Gatys' method, ours beside PyTorch's, interleaved so that both see the same machine.

    python bench/compare/gatys.py [--sizes 256,512] [--steps 5] [--rounds 3] [--threads 2]

Run with a Python that has torch; build first: cmake --preset bench && cmake --build --preset bench
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def run(command, threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    return json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="256,512")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--build", default=ROOT / "build/bench", type=Path)
    options = parser.parse_args()

    print("| picture | ours, s | PyTorch, s | time ratio | ours, MB | PyTorch, MB | memory ratio |")
    print("|---|---|---|---|---|---|---|")
    for size in options.sizes.split(","):
        commands = {
            "ours": [options.build / "bin/gatys_step", size, str(options.steps)],
            "torch": [sys.executable, HERE / "gatys_torch.py", size, str(options.steps)],
        }
        seconds, memory = {"ours": [], "torch": []}, {"ours": 0, "torch": 0}
        for _ in range(options.rounds):
            for name, command in commands.items():
                result = run(command, options.threads)
                seconds[name] += result["seconds"]
                memory[name] = max(memory[name], result["peak_rss_mb"])
        ours, torch = (statistics.median(seconds[name]) for name in ("ours", "torch"))
        print(f"| {size} px | {ours:.3f} | {torch:.3f} | {ours / torch:.2f} | {memory['ours']} | {memory['torch']} "
              f"| {memory['ours'] / memory['torch']:.2f} |", flush=True)


main()
