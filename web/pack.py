"""Puts the page into one file: pack.py BUILD writes BUILD/index.html, from the sources beside this
script, BUILD/double.wasm, BUILD/float.wasm, the notes, the golden files and the flow of digits.

All but markup and style is gzipped and in base64; the browser inflates it (boot.js). Of the notes
pandoc makes HTML with MathML, with the filter of the book: an equation is shown as it stands there.
"""
import base64
import gzip
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ["text.js", "ui.js", "plot.js", "line.js", "plane.js", "affine.js", "coupling.js", "trainer.js", "learn_plots.js", "learn_own.js", "learn.js",
        "digits.js", "selftest.js", "main.js"]
SECTIONS = ["1.1", "1.5", "2.1", "3.2", "5.1", "6.1", "8.4"]
TEST_DIGITS = range(1500, 1797)  # data/flows/train.sh trains on those before


def read_notes(name):
    """The notes as HTML, numbers, equations and all, without figures."""
    command = ["pandoc", "--from", "gfm+tex_math_dollars", "--to", "html5", "--mathml", "--no-highlight", "--wrap=none",
               "--lua-filter", ROOT / "book/book.lua", "--metadata", f"pictures={ROOT}/none", "--metadata", "root=."]
    page = subprocess.run([*command, ROOT / name], check=True, capture_output=True, text=True).stdout
    # pandoc makes an operator of log, with wide space on both sides.
    page = re.sub(r"<mo>([a-z]+)</mo>", r'<mo lspace="0.17em" rspace="0.17em">\1</mo>', page)
    page = re.sub(r'(form="prefix">[^<]*</mo><mo lspace=")0.17em', r"\g<1>0", page)
    page = re.sub(r'<mo([^>]*)>([()\[\]∥‖])</mo>', r'<mo\1 lspace="0" rspace="0">\2</mo>', page)
    page = re.sub(r'<annotation encoding="application/x-tex">.*?</annotation>', "", page, flags=re.S)
    page = re.sub(r"<figure>.*?</figure>|<p>\s*<img[^>]*>\s*</p>", "", page, flags=re.S)
    page = re.sub(r"<p><strong>(Figure|图) ?\d.*?</p>", "", page, flags=re.S)
    return re.sub(r'<a href="(?!https)[^"]*"[^>]*>(.*?)</a>', r"\1", page, flags=re.S)


def section(page, number):
    found = re.search(rf"<h3[^>]*>{re.escape(number)} .*?(?=<h[1-3][ >]|\Z)", page, flags=re.S)
    if not found:
        sys.exit(f"web/pack.py: the notes have no section {number}")
    return found.group(0).replace("<h3", '<h2 id="notes-title"', 1).replace("</h3>", "</h2>", 1)


def equation(page, number):
    found = re.search(rf'<div id="eq-{re.escape(number)}" class="equation">.*?</div>', page, flags=re.S)
    if not found:
        sys.exit(f"web/pack.py: the notes have no equation ({number})")
    return re.sub(r' id="[^"]*"', "", found.group(0))


def half(path):
    """A safetensors file of float32 with its values rounded to float16."""
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8:8 + size])
    for name, tensor in header.items():
        if name != "__metadata__":
            tensor["dtype"] = "F16"
            tensor["data_offsets"] = [b // 2 for b in tensor["data_offsets"]]
    count = (len(raw) - 8 - size) // 4
    values = struct.pack(f"<{count}e", *struct.unpack_from(f"<{count}f", raw, 8 + size))
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + values


def digits():
    """The digits that the flow was not trained on, 64 pixels each."""
    lines = gzip.decompress((ROOT / "data/digits.csv.gz").read_bytes()).decode().split()
    return b"".join(bytes(int(v) for v in lines[i].split(",")[:64]) for i in TEST_DIGITS)


def golden():
    """[name, value, tolerance] of chapters 1 to 4."""
    rows = []
    for path in sorted((ROOT / "golden").glob("ch0[1-4]_*.txt")):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                name, _, value, tolerance, _ = line.split()
                rows.append([f"{path.name[:4]}:{name}", float(value), float(tolerance)])
    return rows


def main(build):
    notes = {"en": read_notes("NOTES.md"), "zh": read_notes("NOTES.zh.md")}
    source = lambda *names: "\n".join((HERE / name).read_text() for name in names)
    parts = {
        "double": (build / "double.wasm").read_bytes(),
        "float": (build / "float.wasm").read_bytes(),
        "flow": half(ROOT / "data/flows/digits.safetensors"),
        "images": digits(),
        "golden": json.dumps(golden()).encode(),
        "notes": json.dumps({k: {s: section(page, s) for s in SECTIONS} for k, page in notes.items()},
                            ensure_ascii=False).encode(),
        "shared": source("library.js").encode(),
        "worker": source("worker.js").encode(),
        "page": source(*PAGE).encode(),
    }
    data = "\n".join(
        f'<script type="text/plain" id="data-{name}">{base64.b64encode(gzip.compress(part, 9, mtime=0)).decode()}</script>'
        for name, part in parts.items())
    insert = {"style": source("style.css"), "data": data, "boot": source("boot.js")}
    page = source("index.html")
    page = re.sub(r"\{\{equation ([\d.]+)\}\}", lambda m: equation(notes["en"], m.group(1)), page)
    page = re.sub(r"\{\{(\w+)\}\}", lambda m: insert[m.group(1)], page)
    (build / "index.html").write_text(page)
    print(f"  {build}/index.html: {len(page.encode()) / 1000:.0f} kB")


main(Path(sys.argv[1]))
