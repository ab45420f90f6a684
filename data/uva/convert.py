#!/usr/bin/python3
"""The checkpoint of the University of Amsterdam as a safetensors file:

    python3 data/uva/convert.py MNISTFlow_simple.ckpt data/uva/mnist_flow.safetensors

All its float tensors under their own names, unchanged; nothing else of it. The checkpoint is
https://github.com/phlippe/saved_models, tutorial11/MNISTFlow_simple.ckpt, of commit 03088b37."""

import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "golden"))
from ch09_state_dict import save  # noqa: E402

state_dict = torch.load(sys.argv[1], map_location="cpu")["state_dict"]
save({k: v for k, v in state_dict.items() if v.dtype == torch.float32}, sys.argv[2])
