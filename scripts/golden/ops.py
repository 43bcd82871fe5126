"""The differentiable operations, forward and backward: ops.safetensors.

For each case `op/case`, with y = op(inputs): the inputs, `y`, the formula cotangent `v` of shape y, and
`grad_INPUT` = d sum(y * v) / d INPUT for every input.
"""

import torch
import torch.nn.functional as F
from common import Golden, formula, gram, leaf, nhwc


class Cases(Golden):
    def case(self, name, function, **inputs):
        """A 4-d input named weight is OIHW, every other 4-d one an activation."""
        leaves = {key: leaf(value) for key, value in inputs.items()}
        y = function(**leaves)
        shape = [y.shape[0], y.shape[2], y.shape[3], y.shape[1]] if y.dim() == 4 else list(y.shape)
        v = torch.from_numpy(formula(f"{name}/v", shape).astype("float64"))
        if y.dim() == 4:
            v = v.permute(0, 3, 1, 2)
        (y * v).sum().backward()
        self.add(f"{name}/y", y)
        self.add(f"{name}/v", v)
        for key, value in leaves.items():
            store = self.add_weight if key == "weight" else self.add
            store(f"{name}/{key}", value)
            store(f"{name}/grad_{key}", value.grad)


def vector(name, n, scale=1.0):
    return torch.from_numpy(formula(name, (n,), scale).astype("float64"))


def weight(name, *shape, scale=0.4):
    return torch.from_numpy(formula(name, shape, scale).astype("float64"))


def conv(mode, padding, stride=1):
    def run(x, weight, bias):
        if padding and mode != "zero":
            return F.conv2d(F.pad(x, [padding] * 4, mode), weight, bias, stride=stride)
        return F.conv2d(x, weight, bias, stride=stride, padding=padding)

    return run


def add_convolutions(golden):
    x, w, b = nhwc("conv.x", 2, 9, 7, 5), weight("conv.w", 6, 5, 3, 3), vector("conv.b", 6)
    for mode in ("zero", "reflect", "replicate"):
        golden.case(f"conv2d/{mode}_3x3", conv(mode, 1), x=x, weight=w, bias=b)
        golden.case(f"conv2d/{mode}_3x3_stride2", conv(mode, 1, 2), x=x, weight=w, bias=b)
    golden.case("conv2d/valid_3x3", conv("zero", 0), x=x, weight=w, bias=b)
    w1 = weight("conv.w1", 6, 5, 1, 1)
    golden.case("conv2d/1x1", conv("zero", 0), x=x, weight=w1, bias=b)
    x9, w9, b9 = nhwc("conv.x9", 1, 11, 13, 3), weight("conv.w9", 4, 3, 9, 9, scale=0.1), vector("conv.b9", 4)
    golden.case("conv2d/reflect_9x9", conv("reflect", 4), x=x9, weight=w9, bias=b9)
    golden.case("conv2d/zero_9x9", conv("zero", 4), x=x9, weight=w9, bias=b9)

    # PyTorch keeps a transposed convolution's weight as (in, out, R, S).
    wt = weight("conv.wt", 5, 4, 3, 3)

    def transposed(x, weight, bias):
        return F.conv_transpose2d(x, weight, bias, stride=2, padding=1, output_padding=1)

    xt, bt = nhwc("conv.xt", 2, 4, 5, 5), vector("conv.bt", 4)
    golden.case("conv_transpose2d/3x3_stride2", transposed, x=xt, weight=wt, bias=bt)


def add_pools(golden):
    x = nhwc("pool.x", 2, 7, 5, 3)
    for ceil in (False, True):
        suffix = "ceil" if ceil else "floor"
        golden.case(f"max_pool/{suffix}", lambda x: F.max_pool2d(x, 2, ceil_mode=ceil), x=x)
        golden.case(f"avg_pool/{suffix}", lambda x: F.avg_pool2d(x, 2, ceil_mode=ceil), x=x)


def add_resizes(golden):
    x = nhwc("resize.x", 1, 7, 10, 2)
    for mode in ("nearest", "bilinear", "bicubic"):
        for label, size in (("up", (12, 17)), ("double", (14, 20)), ("down", (3, 4)), ("mixed", (11, 6))):
            for antialias in (False, True):
                if antialias and (mode == "nearest" or label in ("up", "double")):
                    continue
                arguments = {} if mode == "nearest" else {"align_corners": False, "antialias": antialias}
                name = f"resize/{mode}_{label}" + ("_antialias" if antialias else "")
                golden.case(name, lambda x: F.interpolate(x, size, mode=mode, **arguments), x=x)


def add_pads(golden):
    x = nhwc("pad.x", 2, 4, 5, 3)
    left, right, top, bottom = 3, 2, 1, 3
    for mode in ("reflect", "replicate", "constant"):
        golden.case(f"pad/{mode}", lambda x: F.pad(x, (left, right, top, bottom), mode), x=x)


def add_statistics(golden):
    x = nhwc("norm.x", 2, 5, 6, 4, scale=3.0) + vector("norm.offset", 4).view(1, 4, 1, 1)

    def instance_norm(x, gamma, beta):
        return F.instance_norm(x, weight=gamma, bias=beta, eps=1e-5)

    gamma, beta = vector("norm.gamma", 4) + 1.5, vector("norm.beta", 4)
    golden.case("instance_norm/affine", instance_norm, x=x, gamma=gamma, beta=beta)
    golden.case("channel_mean/plain", lambda x: x.mean((2, 3)), x=x)
    for correction, name in ((0, "biased"), (1, "unbiased")):
        golden.case(f"channel_std/{name}", lambda x: statistics(x, correction)[1].flatten(1), x=x)

    style = nhwc("norm.style", 2, 4, 3, 4, scale=2.0)

    def adain(correction):
        def run(x, style):
            mean, deviation = statistics(x, correction)
            style_mean, style_deviation = statistics(style, correction)
            return (x - mean) / deviation * style_deviation + style_mean

        return run

    golden.case("adain/biased", adain(0), x=x, style=style)
    golden.case("adain/unbiased", adain(1), x=x, style=style)

    golden.case("gram/plain", lambda x: gram(x), x=x)
    golden.case("gram/shift", lambda x: gram(x, -1.0), x=x)
    other = nhwc("norm.other", 2, 5, 6, 3)

    def cross(x, other):
        return (x.flatten(2) - 1) @ (other.flatten(2) - 1).transpose(1, 2)

    golden.case("gram/cross", cross, x=x, other=other)


def statistics(x, correction):
    """Mean and sqrt(var + 1e-5) per channel, (N, C, 1, 1)."""
    return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True, correction=correction) + 1e-5).sqrt()


def main():
    golden = Cases("ops", "float64")
    add_convolutions(golden)
    add_pools(golden)
    add_resizes(golden)
    add_pads(golden)
    add_statistics(golden)
    golden.save()


if __name__ == "__main__":
    main()
