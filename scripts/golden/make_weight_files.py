"""Makes the small weight files in tests/data/weights: the same tensors as PyTorch, safetensors and ONNX write them,
and files that a reader must refuse.

    python make_weight_files.py
"""

import collections
import io
import os
import pathlib
import pickle
import zipfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "weights"
CONTAINERS = (("zip", True), ("legacy", False))


def tensors():
    """One tensor of each type and layout, all with the values 0, 1, 2, ... in row-major order, divided by four
    where the type has fractions."""

    def count(*shape, dtype=torch.float32):
        values = torch.arange(int(np.prod(shape))).reshape(shape)
        return (values / 4).to(dtype) if dtype.is_floating_point else values.to(dtype)

    spread = torch.full((4, 7), -1.0)
    spread[1:3, 1::2] = count(2, 3)
    return collections.OrderedDict(
        float32=count(2, 3),
        float64=count(2, 3, dtype=torch.float64),
        float16=count(2, 3, dtype=torch.float16),
        bfloat16=count(2, 3, dtype=torch.bfloat16),
        int64=count(2, 3, dtype=torch.int64),
        int32=count(2, 3, dtype=torch.int32),
        int16=count(2, 3, dtype=torch.int16),
        int8=count(2, 3, dtype=torch.int8),
        uint8=count(2, 3, dtype=torch.uint8),
        boolean=torch.tensor([False, True, True]),
        scalar=torch.tensor(0.0),
        empty=torch.zeros(0, 3),
        four_axes=count(2, 3, 2, 2),
        transposed=torch.tensor([[0.0, 0.5, 1.0], [0.25, 0.75, 1.25]]).t(),
        strided=spread[1:3, 1::2],
    )


def write_torch():
    named = tensors()
    named["tied"] = named["float32"]
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.InstanceNorm2d(1, affine=True))
    for index, parameter in enumerate(module.parameters()):
        torch.nn.init.constant_(parameter, index + 1)
    checkpoint = {
        "epoch": 3,
        "best": 0.5,
        "note": None,
        "done": True,
        "big": 2**40,
        "state_dict": module.state_dict(),  # carries _metadata
        "parameters": [torch.nn.Parameter(torch.tensor([5.0])), (torch.tensor([6.0]), "text")],
        "optimizer_state": torch.optim.Adam(module.parameters()).state_dict(),
        7: {"x": torch.tensor([7.0])},
    }
    for container, zipped in CONTAINERS:
        torch.save(named, OUT / f"types_{container}.pth", _use_new_zipfile_serialization=zipped)
        torch.save(checkpoint, OUT / f"checkpoint_{container}.pth", _use_new_zipfile_serialization=zipped)
    torch.save(named, OUT / "types_protocol4.pth", pickle_protocol=4)


def write_safetensors():
    contiguous = {name: tensor.contiguous() for name, tensor in tensors().items()}
    save_file(contiguous, OUT / "types.safetensors", metadata={"licence": "none", "naïve": "✓"})


def write_onnx():
    values = np.arange(6, dtype=np.float32).reshape(2, 3) / 4

    def typed(name, kind, data):
        return helper.make_tensor(name, kind, (2, 3), data)

    initialisers = [
        numpy_helper.from_array(values, "raw_float32"),
        numpy_helper.from_array(values.astype(np.float16), "raw_float16"),
        typed("float32", TensorProto.FLOAT, values.flatten()),
        typed("float64", TensorProto.DOUBLE, values.flatten()),
        typed("float16", TensorProto.FLOAT16, values.flatten()),
        typed("bfloat16", TensorProto.BFLOAT16, values.flatten()),
        typed("int64", TensorProto.INT64, range(6)),
        typed("int32", TensorProto.INT32, range(6)),
        typed("int8", TensorProto.INT8, range(6)),
        typed("uint8", TensorProto.UINT8, range(6)),
        helper.make_tensor("boolean", TensorProto.BOOL, (3,), [False, True, True]),
        helper.make_tensor("text", TensorProto.STRING, (1,), [b"left out"]),
    ]

    def save(name, initialisers):
        graph = helper.make_graph([], "graph", [], [], initialisers)
        (OUT / name).write_bytes(helper.make_model(graph, ir_version=8).SerializeToString())

    save("types.onnx", initialisers)
    external = numpy_helper.from_array(values, "elsewhere")
    external.ClearField("raw_data")
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value="../secret")
    save("refused_external.onnx", [external])


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


def write_refused():
    for container, zipped in CONTAINERS:
        torch.save(
            {"w": torch.ones(2), "x": Evil()},
            OUT / f"refused_os_system_{container}.pth",
            _use_new_zipfile_serialization=zipped,
        )
    torch.save(torch.nn.Linear(1, 1), OUT / "refused_module.pth")
    torch.save([1, 2, 3], OUT / "refused_list.pth")
    torch.save({"a": 1}, OUT / "refused_no_tensors.pth")
    torch.jit.script(torch.nn.Linear(1, 1)).save(str(OUT / "refused_torchscript.pt"))
    (OUT / "refused_plain_pickle.pkl").write_bytes(pickle.dumps({"a": [1, 2]}, protocol=2))
    with zipfile.ZipFile(OUT / "refused_other.zip", "w") as archive:
        archive.writestr("readme.txt", "not weights")

    # A tensor that repeats one element 2^40 times.
    torch.save({"huge": torch.ones(1).expand(2**20, 2**20)}, OUT / "refused_expanded.pth")
    # Compressed storages are read, but not when they expand to far more than the file.
    buffer = io.BytesIO()
    torch.save({"zeros": torch.zeros(1 << 20)}, buffer)
    with zipfile.ZipFile(buffer) as plain, zipfile.ZipFile(OUT / "refused_bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb:
        for item in plain.infolist():
            bomb.writestr(item.filename, plain.read(item))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    write_torch()
    write_safetensors()
    write_onnx()
    write_refused()
    for path in sorted(OUT.iterdir()):
        path.chmod(0o644)
        print(f"{path.name:32} {path.stat().st_size:6} bytes")


if __name__ == "__main__":
    main()
