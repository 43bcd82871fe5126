#!/bin/sh
# Remakes everything beneath tests/golden. PYTHON: the interpreter with requirements.txt installed;
# NST_VGG16: where the converted VGG16 is, fetched there first if it is missing.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-../../.venv/bin/python}
export NST_VGG16="${NST_VGG16:-$(cd ../.. && pwd)/weights/cache/vgg16.safetensors}"

[ -f "$NST_VGG16" ] || "$PYTHON" get_vgg16.py --out "$NST_VGG16"
for script in ops losses vgg_features networks adain optimisers; do
for script in ops losses vgg_features networks optimisers improved; do
  "$PYTHON" "$script.py"
done
