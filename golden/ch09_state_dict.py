#!/usr/bin/python3
"""A PyTorch state_dict as a safetensors file, and back, with nothing but the format itself:

    8 bytes   length of the header, unsigned, little-endian
    header    JSON: {name: {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, ...}
    the rest  the values, little-endian, row-major

With the safetensors package, `safetensors.torch.save_file(module.state_dict(), path)` writes the
same. Run as a program this saves chapter 9's example, AffineCoupling(dim=6, hidden=10) in float32
as PyTorch initialises it after manual_seed(9):

    python3 golden/ch09_state_dict.py golden/ch09_state_dict.safetensors
"""

import json
import struct
import sys

import torch

DTYPE = {"F32": torch.float32, "F64": torch.float64}


def save(state_dict, path):
    header, data = {}, b""
    for name, tensor in state_dict.items():
        dtype = next(k for k, v in DTYPE.items() if v == tensor.dtype)
        values = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def load(path):
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(size)), bytearray(f.read())
    return {name: torch.frombuffer(data, dtype=DTYPE[t["dtype"]], offset=t["data_offsets"][0],
                                   count=int(torch.Size(t["shape"]).numel())).reshape(t["shape"])
            for name, t in header.items()}


if __name__ == "__main__":
    from ch09_pytorch_coupling import AffineCoupling
    torch.manual_seed(9)
    save(AffineCoupling(6, 10).state_dict(), sys.argv[1])
