"""Whole steps of the methods, ours beside PyTorch's and ONNX Runtime's, interleaved so that all see the same machine.

    python bench/compare/steps.py                                 every row
    python bench/compare/steps.py gatys:512 fast:1024 --rounds 5  some
    python bench/compare/steps.py --update docs/performance.md    and write them into the document

Run with a Python that has torch, and onnxruntime with onnx for the rows that it has. Build first:
cmake --preset bench && cmake --build --preset bench
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
MARKS = ("<!-- steps: begin -->", "<!-- steps: end -->")

# What a row is called, and how many steps are timed in a run.
ROWS = {
    "gatys:256": ("Gatys step, 256 px", 3),
    "gatys:512": ("Gatys step, 512 px", 2),
    "gatys:1024": ("Gatys step, 1024 px", 1),
    "fast:512": ("transform network, 512 px", 3),
    "fast:1024": ("transform network, 1024 px", 2),
    "adain:512": ("AdaIN, 512 px", 2),
    "train_fast:256": ("training step, Fast, 4 x 256 px", 1),
    "train_adain:256": ("training step, AdaIN, 8 x 256 px", 1),
}


def run(command, threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    return json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)


def has_onnx():
    command = [sys.executable, "-c", "import onnx, onnxruntime"]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def measure(what, size, steps, options, onnx):
    """{program: (median seconds, peak MB)}"""
    peers = {"ours": [options.build / "bin/step"], "PyTorch": [sys.executable, HERE / "steps_torch.py"]}
    if onnx and what == "fast":
        peers["ONNX Runtime"] = [sys.executable, HERE / "steps_onnx.py"]
    seconds, memory = {name: [] for name in peers}, dict.fromkeys(peers, 0)
    for _ in range(options.rounds):
        for name, command in peers.items():
            result = run([*command, what, size, str(steps)], options.threads)
            seconds[name] += result["seconds"]
            memory[name] = max(memory[name], result["peak_rss_mb"])
    return {name: (statistics.median(seconds[name]), memory[name]) for name in peers}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=list(ROWS), metavar="WHAT:SIZE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--build", default=ROOT / "build/bench", type=Path)
    parser.add_argument("--update", metavar="FILE", type=Path, help="write the table between FILE's marks")
    options = parser.parse_args()

    onnx, lines = has_onnx(), []

    def emit(line):
        lines.append(line)
        print(line, flush=True)

    emit("| work | ours, s | PyTorch, s | ONNX Runtime, s | time ratio to the better | ours, MB | PyTorch, MB "
         "| memory ratio |")
    emit("|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in options.rows:
        what, size = row.split(":")
        title, steps = ROWS.get(row, (f"{what}, {size} px", 1))
        results = measure(what, size, steps, options, onnx)
        ours, memory = results.pop("ours")
        best = min(seconds for seconds, _ in results.values())
        other = f"{results['ONNX Runtime'][0]:.3f}" if "ONNX Runtime" in results else ""
        torch, torch_memory = results["PyTorch"]
        emit(f"| {title} | {ours:.3f} | {torch:.3f} | {other} | {ours / best:.2f} | {memory} | {torch_memory} "
             f"| {memory / torch_memory:.2f} |")
    if options.update:
        before, rest = options.update.read_text().split(MARKS[0])
        table = "\n".join(lines)
        options.update.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{rest.split(MARKS[1])[1]}")


main()
