"""Every loss with its gradient on small inputs: losses.safetensors.

Each case stores `CASE/loss` (1,) and `CASE/grad` = d loss / d x, x being the shared input the README names.
"""

import torch
import torch.nn.functional as F
from common import formula, Golden, gram, leaf, nhwc

IMAGE_AREA = 40 * 28  # the W * H that titu1994's constants take from the picture, not from the layer


class Losses(Golden):
    def case(self, name, function, x):
        x = leaf(x)
        loss = function(x)
        loss.backward()
        self.add(f"{name}/loss", loss)
        self.add(f"{name}/grad", x.grad)


# ---- Style -------------------------------------------------------------------------------------------------


def area(x):
    return x.shape[2] * x.shape[3]


def square_sum(x):
    return (x * x).sum()


def gatys(x, style):
    """1/(4 N^2) sum (G/M - A/M_style)^2: the paper's 1/(4 N^2 M^2) where both sizes agree."""
    return square_sum(gram(x) / area(x) - gram(style) / area(style)) / (4 * x.shape[1] ** 2)


def gatys_notebook(x, style):
    return 1e3 / x.shape[1] ** 2 * F.mse_loss(gram(x) / area(x), gram(style) / area(style))


def per_element(x):
    return gram(x) / (x.shape[1] * area(x))


def titu1994(x, style):
    return square_sum(gram(style, -1.0) - gram(x, -1.0)) / (4 * 3**2 * IMAGE_AREA**2)


def guided_gram(x, guide):
    """(F g)(F g)t / HW with the guide scaled so that mean(g^2) = 1."""
    guide = guide / (guide * guide).mean().sqrt()
    return gram(x * guide) / area(x)


def moments(x):
    flat = x.flatten(2)
    mean = flat.mean(2)
    return mean, flat @ flat.transpose(1, 2) / flat.shape[2] - mean[:, :, None] * mean[:, None, :]


def symmetric_root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ values.sqrt().diag_embed() @ vectors.transpose(-2, -1)


def wasserstein2(x, style, eps=1e-4):
    """mean_c (mu - nu)^2 + mean diag(S + T - 2 (T^1/2 S T^1/2)^1/2), covariances plus eps I."""
    eye = eps * torch.eye(x.shape[1])
    (mean, cov), (style_mean, style_cov) = moments(x), moments(style)
    cov, style_cov = cov + eye, style_cov + eye
    root = symmetric_root(style_cov)
    cross = symmetric_root(root @ cov @ root)
    trace = torch.diagonal(cov + style_cov - 2 * cross, dim1=-2, dim2=-1)
    return ((mean - style_mean) ** 2).mean() + trace.mean()


def histogram(x, style):
    """Each channel's sorted values against the style's, stretched to as many: mean (v - u)^2."""
    mine, other = (torch.sort(f.flatten(2), dim=2).values for f in (x, style))
    other = F.interpolate(other, mine.shape[2], mode="linear", align_corners=False)
    return ((mine - other) ** 2).mean()


def sliced(x, style, directions):
    """The same of projections."""
    return histogram(F.conv2d(x, directions), F.conv2d(style, directions))


def adain_torch(x, style):
    """AdaIN-style: squares summed over channels, averaged over the batch; biased; 1e-6 only under x's root."""
    mean, std = x.mean((2, 3)), (x.var((2, 3), correction=0) + 1e-6).sqrt()
    target_mean, target_std = style.mean((2, 3)), style.var((2, 3), correction=0).sqrt()
    return (square_sum(mean - target_mean) + square_sum(std - target_std)) / x.shape[0]


def adain_pytorch(x, style):
    """pytorch-AdaIN: means over batch and channels; unbiased; 1e-5 under both roots."""
    def std(f):
        return (f.var((2, 3)) + 1e-5).sqrt()

    return F.mse_loss(x.mean((2, 3)), style.mean((2, 3))) + F.mse_loss(std(x), std(style))


def cross_layer(deep, shallow, shift):
    """Novak & Nikulin 3.4: (F^l + s) [up(F^k) + s]t, nearest up to the shallow layer's size."""
    up = F.interpolate(deep, shallow.shape[2:], mode="nearest")
    return (shallow.flatten(2) + shift) @ (up.flatten(2) + shift).transpose(1, 2)


def add_style(golden):
    x, style = nhwc("losses.x", 1, 7, 5, 6, scale=2.0), nhwc("losses.style", 1, 6, 8, 6, scale=2.0)
    same = nhwc("losses.target", 1, 7, 5, 6, scale=2.0)
    golden.add("x", x)
    golden.add("style", style)
    golden.add("target", same)

    golden.case("style/gatys", lambda x: gatys(x, same), x)
    golden.case("style/gatys_other_size", lambda x: gatys(x, style), x)
    golden.case("style/gatys_notebook", lambda x: gatys_notebook(x, style), x)
    golden.case("style/neural_style", lambda x: F.mse_loss(per_element(x), per_element(style)), x)
    golden.case("style/johnson_sum", lambda x: square_sum(per_element(x) - per_element(style)), x)
    golden.case("style/titu1994", lambda x: titu1994(x, same), x)
    mask = (nhwc("losses.mask", 1, 7, 5, 1) > 0).double()
    golden.add("mask", mask)
    golden.case("style/titu1994_masked", lambda x: titu1994(x * mask, same * mask), x)
    guide, style_guide = nhwc("losses.guide", 1, 7, 5, 1) + 1, nhwc("losses.style_guide", 1, 6, 8, 1) + 1
    golden.add("guide", guide)
    golden.add("style_guide", style_guide)
    guided_target = guided_gram(style, style_guide)
    golden.case("style/guided", lambda x: F.mse_loss(guided_gram(x, guide), guided_target), x)
    golden.case("style/wasserstein2", lambda x: wasserstein2(x, style), x)
    directions = torch.tensor(formula("losses.directions", (7, 6, 1, 1)), dtype=torch.float64)
    golden.case("style/histogram", lambda x: histogram(x, style), x)
    golden.case("style/sliced_wasserstein", lambda x: sliced(x, style, directions), x)

    batch = nhwc("losses.batch", 2, 5, 4, 6, scale=2.0)
    batch_style = nhwc("losses.batch_style", 2, 3, 6, 6, scale=2.0)
    golden.add("batch", batch)
    golden.add("batch_style", batch_style)
    golden.case("style/johnson_batch", lambda x: F.mse_loss(per_element(x), per_element(batch_style)), batch)
    golden.case("style/adain_torch", lambda x: adain_torch(x, batch_style), batch)
    golden.case("style/adain_pytorch", lambda x: adain_pytorch(x, batch_style), batch)

    pair = {}
    for key, shape in (("deep", (1, 4, 3, 5)), ("shallow", (1, 8, 6, 4))):
        for name in (key, f"style_{key}"):
            pair[name] = nhwc(f"losses.{name}", *shape)
            golden.add(name, pair[name])
    target = cross_layer(pair["style_deep"], pair["style_shallow"], -1.0)

    def cross_layer_loss(deep, shallow):
        return square_sum(cross_layer(deep, shallow, -1.0) - target)

    golden.case("style/cross_layer_deep", lambda x: cross_layer_loss(x, pair["shallow"]), pair["deep"])
    golden.case("style/cross_layer_shallow", lambda x: cross_layer_loss(pair["deep"], x), pair["shallow"])


# ---- Content -----------------------------------------------------------------------------------------------


def add_content(golden):
    x, target = nhwc("losses.x", 1, 7, 5, 6, scale=2.0), nhwc("losses.target", 1, 7, 5, 6, scale=2.0)
    channels = x.shape[1]
    total = lambda x: square_sum(x - target)  # noqa: E731
    golden.case("content/mse", lambda x: F.mse_loss(x, target), x)
    golden.case("content/half_sum", lambda x: 0.5 * total(x), x)
    golden.case("content/titu_type0", total, x)
    golden.case("content/titu_type1", lambda x: total(x) / (2 * channels**0.5 * IMAGE_AREA**0.5), x)
    golden.case("content/titu_type2", lambda x: total(x) / (channels * IMAGE_AREA), x)
    golden.case("content/scaled_mse", lambda x: total(x) / ((x - target).abs().sum() + 1e-8), x)


# ---- Total variation ---------------------------------------------------------------------------------------


def differences(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def cropped_differences(x):
    """Only where a right and a lower neighbour both exist."""
    corner = x[..., :-1, :-1]
    return x[..., :-1, 1:] - corner, x[..., 1:, :-1] - corner


def tv_squared(x):
    dx, dy = differences(x)
    return 0.5 * (square_sum(dx) + square_sum(dy))


def tv_squared_cropped(x):
    dx, dy = cropped_differences(x)
    return 0.5 * (square_sum(dx) + square_sum(dy))


def tv_anisotropic(x):
    dx, dy = differences(x)
    return dx.abs().sum() + dy.abs().sum()


def tv_titu1994(x):
    dx, dy = cropped_differences(x)
    return (dx * dx + dy * dy).pow(1.25).sum()


def tv_mean_squared(x):
    """Each direction's mean over the whole batch, added."""
    dx, dy = differences(x)
    return (dx * dx).mean() + (dy * dy).mean()


def tv_nine_point(x):
    """2 (mean dx^2/3 + mean dy^2/3 + mean d1^2/12 + mean d2^2/12) on the picture, edges repeated once.

    dx and dy are taken at every real pixel; the diagonals over all (H+1)(W+1) squares of the padded picture.
    """
    p = F.pad(x, (1, 1, 1, 1), "replicate")
    here = p[..., 1:-1, 1:-1]
    straight = [p[..., 1:-1, 2:] - here, p[..., 2:, 1:-1] - here]
    diagonal = [p[..., 1:, 1:] - p[..., :-1, :-1], p[..., 1:, :-1] - p[..., :-1, 1:]]
    return 2 * (sum((d * d).mean() for d in straight) / 3 + sum((d * d).mean() for d in diagonal) / 12)


def add_total_variation(golden):
    image, images = nhwc("losses.image", 1, 8, 6, 3), nhwc("losses.images", 2, 5, 7, 3)
    golden.add("image", image)
    golden.add("images", images)
    for name, function in (
        ("squared", tv_squared),
        ("squared_cropped", tv_squared_cropped),
        ("anisotropic", tv_anisotropic),
        ("titu1994", tv_titu1994),
        ("mean_squared", tv_mean_squared),
        ("nine_point", tv_nine_point),
    ):
        golden.case(f"tv/{name}", function, image)
        golden.case(f"tv_batch/{name}", function, images)


def main():
    golden = Losses("losses", "float64")
    add_style(golden)
    add_content(golden)
    add_total_variation(golden)
    golden.save()


if __name__ == "__main__":
    main()
