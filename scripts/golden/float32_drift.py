"""How far PyTorch's float32 ends from its own float64 after ten steps of L-BFGS; prints, and writes nothing.

One run says little, as the paths part chaotically. So there are several, between which the weights move by one
rounding of float32, 6e-8 of themselves. The same nudges in float64 show that the weights are not what matters;
the third kind, float64 throughout but for a picture rounded to float32, what that rounding does alone. Reads
tests/golden/optimisers*.safetensors.
"""

import torch
from common import OUT, formula_weights, to_nchw, vgg16_weights
from optimisers import STEPS, notebook, run_lbfgs
from safetensors.numpy import load_file

ROUNDING = 6e-8


def nudged(weights, seed):
    generator = torch.Generator().manual_seed(seed)

    def nudge(x):
        return x * (1 + ROUNDING * (2 * torch.rand(x.shape, generator=generator) - 1))

    return {key: nudge(value) for key, value in weights.items()}


def rounded(x):
    """The value of x in float32, with the gradient of x."""
    return x + (x.detach().float().to(x.dtype) - x.detach())


def report(file, problem, weights):
    golden = load_file(OUT / f"{file}.safetensors")
    expected = float(golden[f"{problem}/lbfgs/losses"][-1])

    def drifts(dtype, runs, view=lambda x: x):
        content, style = (to_nchw(golden[f"{problem}/{key}"]).to(dtype) for key in ("content", "style"))
        for seed in range(runs):
            objective = notebook({k: v.to(dtype) for k, v in nudged(weights, seed).items()}, content, style)
            run = run_lbfgs(lambda x, f=objective: f(view(x)), content, max_iter=STEPS, steps=1)
            yield abs(run.losses[-1] / expected - 1)

    for what, found in (
        ("float64", drifts(torch.float64, 3)),
        ("float64, the picture rounded", drifts(torch.float64, 3, rounded)),
        ("float32", drifts(torch.float32, 10)),
    ):
        print(f"{problem}, {what}: last loss off by", " ".join(f"{drift:.1e}" for drift in sorted(found)))


if __name__ == "__main__":
    report("optimisers", "gatys_formula", formula_weights())
    report("optimisers_vgg16", "gatys_vgg16", vgg16_weights())
