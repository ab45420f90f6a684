"""Tests of the page in a real Chromium, from its file: check.py BUILD PAGE, with the native programs in
BUILD/web. Prints what tests/run.sh reads.
"""
import sys

import check_form  # noqa: F401, its tests are in the list
import check_numbers  # noqa: F401
from browser import Browser
from checks import BUILD, PAGE, tests


def main():
    print(f"[==========] Running {len(tests)} test(s).", flush=True)
    (BUILD / "web").mkdir(exist_ok=True)
    with Browser() as b:
        for function in tests:
            name = function.__name__
            print(f"[ RUN      ] {name}", flush=True)
            try:
                b.size(1280, 800)
                b.open(PAGE.as_uri())
                b.run("(setLanguage('en'), setTheme('light'))")  # it remembers those of the last test
                b.run("document.documentElement.style.scrollBehavior = 'auto'")
                function(b)
                assert b.run("document.querySelector('#failure').hidden"), b.run("document.querySelector('#failure').textContent")
                complaints = b.messages()
                assert not complaints, f"the console has {complaints}"
                print(f"[       OK ] {name}", flush=True)
            except (AssertionError, RuntimeError) as error:
                print(error, flush=True)
    return 0


sys.exit(main())
