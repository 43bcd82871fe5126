"""Ten steps of Adam and of L-BFGS: optimisers.safetensors and optimisers_vgg16.safetensors.

Problems: a Rosenbrock chain in 20 dimensions and the Gatys notebook's objective, through a VGG16 of formula
weights and through the real one. Each run stores `losses`, the objective at every *evaluation*, in order, and
`final`, the point after the last step; the Rosenbrock runs also `x`, every point evaluated.
"""

import sys

import torch
import torch.nn.functional as F
from common import Golden, formula, formula_weights, gram, leaf, picture, to_nchw, vgg16_weights, vgg_features

STEPS = 10
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"


# ---- Problems ----------------------------------------------------------------------------------------------


def rosenbrock(x):
    """sum_i 10 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2."""
    return (10 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_start():
    return torch.from_numpy(formula("rosenbrock.start", (20,)).astype("float64"))


def notebook(weights, content, style):
    """Content MSE + sum_l 1e3/C^2 MSE(G/HW), as in Gatys' notebook; pictures are RGB 0..255, (1, 3, H, W)."""

    def grams(features):
        return [gram(features[k]) / (features[k].shape[2] * features[k].shape[3]) for k in STYLE_LAYERS]

    with torch.no_grad():
        style_targets = grams(vgg_features(weights, style))
        content_target = vgg_features(weights, content)[CONTENT_LAYER]

    def objective(x):
        features = vgg_features(weights, x)
        loss = F.mse_loss(features[CONTENT_LAYER], content_target)
        for actual, target in zip(grams(features), style_targets):
            loss = loss + 1e3 / target.shape[1] ** 2 * F.mse_loss(actual, target)
        return loss

    return objective


# ---- Runs --------------------------------------------------------------------------------------------------


class Run:
    """Evaluates the objective for an optimiser and keeps what it saw."""

    def __init__(self, objective, start):
        self.x, self.objective = leaf(start), objective
        self.points, self.losses = [], []

    def closure(self):
        self.x.grad = None
        loss = self.objective(self.x)
        loss.backward()
        self.points.append(self.x.detach().clone())
        self.losses.append(loss.item())
        return loss


def run_adam(objective, start, **options):
    run = Run(objective, start)
    optimiser = torch.optim.Adam([run.x], **options)
    for _ in range(STEPS):
        optimiser.step(run.closure)
    run.closure()  # the objective after the tenth step
    return run


def run_lbfgs(objective, start, max_iter, steps, line_search=None):
    """`steps` calls of step(), each of up to max_iter iterations; lr 1, history 100, PyTorch's tolerances."""
    run = Run(objective, start)
    optimiser = torch.optim.LBFGS([run.x], lr=1, max_iter=max_iter, line_search_fn=line_search)
    for _ in range(steps):
        optimiser.step(run.closure)
    run.closure()
    return run


def store(golden, name, run, points):
    golden.add(f"{name}/losses", run.losses)
    if points:
        golden.add(f"{name}/x", torch.stack(run.points).flatten(1))
    golden.add(f"{name}/final", run.points[-1])
    print(f"  {name}: {len(run.losses)} evaluations, {run.losses[0]:.6g} -> {run.losses[-1]:.6g}")


def run_all(golden, problem, objective, start, learning_rate, points=True):
    runs = {
        "adam": lambda: run_adam(objective, start, lr=learning_rate),
        "adam_betas": lambda: run_adam(objective, start, lr=learning_rate, betas=(0.9, 0.99)),
        "lbfgs": lambda: run_lbfgs(objective, start, max_iter=STEPS, steps=1),
        "lbfgs_single_steps": lambda: run_lbfgs(objective, start, max_iter=1, steps=STEPS),
        "lbfgs_wolfe": lambda: run_lbfgs(objective, start, STEPS, steps=1, line_search="strong_wolfe"),
    }
    for name, run in runs.items():
        store(golden, f"{problem}/{name}", run(), points)


def add_gatys(golden, problem, weights, content_size, style_size):
    content = picture(f"{problem}.content", *content_size)[None]
    style = picture(f"{problem}.style", *style_size)[None]
    golden.add(f"{problem}/content", content)
    golden.add(f"{problem}/style", style)
    objective = notebook(weights, to_nchw(content), to_nchw(style))
    run_all(golden, problem, objective, to_nchw(content), 2.0, points=False)


def small():
    golden = Golden("optimisers")
    golden.add("rosenbrock/start", rosenbrock_start())
    run_all(golden, "rosenbrock", rosenbrock, rosenbrock_start(), 0.05)
    add_gatys(golden, "gatys_formula", formula_weights(), (24, 20), (20, 28))
    golden.save()


def real():
    golden = Golden("optimisers_vgg16")
    add_gatys(golden, "gatys_vgg16", vgg16_weights(), (48, 64), (64, 56))
    golden.save()


if __name__ == "__main__":
    small()
    if "--formula" not in sys.argv:
        real()
