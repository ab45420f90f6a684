"""Speed of the page: bench.py BUILD PAGE trains in Chromium as the panel does, RealNVP of 4 couplings of
width 32, batches of 128, while it is drawn, and natively on one thread (BUILD/web/native_float), turn by
turn. Prints steps per second, their ratio, and frames per second. Run it with nothing else running."""
import statistics
import subprocess
import sys
import time
from pathlib import Path

from browser import Browser

BUILD, PAGE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
TURNS, SECONDS = 5, 3


def in_page(b):
    b.open(PAGE.as_uri())
    b.run("""(() => { document.querySelector('#learn').scrollIntoView({ behavior: 'instant' });
      const menu = document.querySelector('#learn-steps'); menu.value = 4; menu.onchange(); })()""")
    b.run("document.querySelector('#learn-run').click()")
    b.wait("page.learn.state.step > 500")
    before, begin = b.run("[page.learn.state.step, page.learn.state.frames]"), time.monotonic()
    time.sleep(SECONDS)
    after, taken = b.run("[page.learn.state.step, page.learn.state.frames]"), time.monotonic() - begin
    return [(y - x) / taken for x, y in zip(before, after)]


def native():
    return float(subprocess.run([BUILD / "web/native_float", "500", str(SECONDS)], check=True, capture_output=True, text=True).stdout)


with Browser() as browser:
    browser.size(1280, 800)
    rows = [(*in_page(browser), native()) for _ in range(TURNS)]
page, frames, alone = (statistics.median(column) for column in zip(*rows))
print(f"in the page   {page:6.0f} steps/s, {frames:.0f} frames/s")
print(f"native        {alone:6.0f} steps/s, one thread")
print(f"ratio         {statistics.median(r[0] / r[2] for r in rows):6.2f}")
