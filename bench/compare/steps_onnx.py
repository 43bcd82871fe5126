"""The transform network of bench/step.cpp in ONNX Runtime, the same JSON.  python steps_onnx.py fast SIZE STEPS

The file is made by PyTorch on first use and kept in the folder of temporary files, so that exporting it does not count.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

EXPORT = """
import sys
sys.path.insert(0, sys.argv[2])
import networks_torch, torch
torch.onnx.export(networks_torch.transform().eval(), (torch.zeros(1, 3, 64, 64),), sys.argv[1], input_names=["x"],
                  dynamic_axes={"x": {2: "h", 3: "w"}}, opset_version=17, dynamo=False)
"""


def main():
    size, steps = int(sys.argv[2]), int(sys.argv[3])
    path = Path(tempfile.gettempdir()) / "nst-transform.onnx"
    if not path.exists():
        subprocess.run([sys.executable, "-c", EXPORT, path, Path(__file__).parent], check=True, stdout=subprocess.DEVNULL)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    x, seconds = np.random.rand(1, 3, size, size).astype("float32") * 255, []
    for _ in range(steps + 1):
        start = time.perf_counter()
        session.run(None, {"x": x})
        seconds.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": seconds[1:], "peak_rss_mb": memory}))


main()
