"""The form of the page: one file, its texts, names for those who hear it, contrast, and a picture of every
panel on a desk, a tablet and a phone, in BUILD/web.
"""
import functools
import http.server
import re
import shutil
import tempfile
import threading
from pathlib import Path

from checks import BUILD, PAGE, ROOT, press, test, text

PANELS = ["line", "affine", "coupling", "learn", "digits", "selftest"]
KILOBYTES = 600


@test
def one_file_that_needs_nothing_else(b):
    size = PAGE.stat().st_size
    assert size < KILOBYTES * 1000, f"{PAGE} has {size} bytes; {KILOBYTES} kB are allowed"
    markup = re.sub(r'<script type="text/plain" id="data-.*?</script>', "", PAGE.read_text(), flags=re.S)
    found = re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|url\(|@import', markup)
    assert not found, f"the page asks for {found}"
    others = b.run("performance.getEntriesByType('resource').map((r) => r.name).filter((n) => !/^(blob|data):/.test(n))")
    assert others == [], f"the page has loaded {others}"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@test
def it_opens_from_a_folder_with_a_space_and_from_a_server(b):
    with tempfile.TemporaryDirectory(prefix="a page ") as folder:
        shutil.copy(PAGE, folder)
        handler = functools.partial(Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever).start()
            try:
                for url in ((Path(folder) / PAGE.name).as_uri(), f"http://127.0.0.1:{server.server_port}/{PAGE.name}"):
                    b.open(url)
                    press(b, "#learn-one")
                    b.wait("page.learn.state.step === 1 && page.learn.state.picture")
                    refused = b.run("fetch('data:,').then(() => false, () => true)")
                    assert refused and b.messages(), "the page's policy lets it load something"
            finally:
                server.shutdown()


@test
def the_quotes_are_sentences_of_the_notes(b):
    missing = []
    for language, name in (("en", "NOTES.md"), ("zh", "NOTES.zh.md")):
        notes = re.sub(r"\s+", "" if language == "zh" else " ", (ROOT / name).read_text().replace("$", ""))
        for panel in ("line", "affine", "coupling", "learn", "digits"):
            quote = b.run(f"TEXT.{panel}_quote[{int(language == 'zh')}]").removeprefix("… ").rstrip(".。")
            quote = re.sub(r"\s+", "" if language == "zh" else " ", quote)
            if quote not in notes:
                missing.append(f"web/text.js quotes a sentence that {name} does not have: {quote}")
    assert not missing, "\n".join(missing)


@test
def the_texts_have_no_phrase_that_the_documents_avoid(b):
    texts = b.run("Object.values(TEXT).flat()")
    for phrase in (ROOT / "tests/documents/phrases.txt").read_text().splitlines():
        found = [t for t in texts if phrase and re.search(phrase, t)]
        assert not found, f"'{phrase}' stands in {found}"


@test
def everything_has_a_name_and_both_languages(b):
    nameless = b.run("""[...document.querySelectorAll('button, input, select, canvas[role]')].filter((e) =>
      !(e.getAttribute('aria-label') || e.closest('label')?.textContent.trim() || e.textContent.trim())).map((e) => e.outerHTML)""")
    assert nameless == [], f"without a name: {nameless}"
    assert b.run("Object.entries(TEXT).filter(([, t]) => t.length !== 2 || t.some((s) => !s)).length") == 0
    english = b.run("document.querySelector('main').innerText")
    b.click("#language")
    chinese = b.run("document.querySelector('main').innerText")
    assert b.run("document.documentElement.lang") == "zh-CN" and "线性流" in chinese and "The linear flow" not in chinese
    b.click("#language")
    assert "The linear flow" in english and b.run("document.documentElement.lang") == "en"
    press(b, "#affine .notes")
    section = text(b, "#notes .text")
    assert "2.1 Forward" in section and "-2.4373" in section
    press(b, "#notes .close")


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@test
def text_has_contrast_in_both_themes(b):
    for theme in ("light", "dark"):
        b.run("setTheme(arguments[0])", theme)
        paper = luminance(b.run("ink('paper')"))
        for name in ("ink", "soft", "x", "z", "det", "grow", "shrink", "focus"):
            one, other = sorted([paper, luminance(b.run("ink(arguments[0])", name))])
            ratio = (other + 0.05) / (one + 0.05)
            assert ratio >= 4.5, f"{theme}: {name} has a contrast of {ratio:.2f} on the page; WCAG asks for 4.5"


@test
def every_panel_fits_desk_tablet_and_phone(b):
    b.run("page.learn.steps(3000)")
    b.wait("page.learn.state.step >= 3000")
    for width, height in ((1280, 800), (820, 1100), (390, 844)):
        b.size(width, height)
        for language, theme in (("en", "light"), ("zh", "dark")):
            b.run("(setLanguage(arguments[0]), setTheme(arguments[1]))", language, theme)
            for panel in PANELS:
                b.run("document.getElementById(arguments[0]).scrollIntoView({ behavior: 'instant' })", panel)
                b.frame()
                path = BUILD / "web" / f"{panel}-{language}-{theme}-{width}.png"
                b.picture(path)
                assert path.stat().st_size > 10000, f"{path} is empty"
            wide = b.run("document.documentElement.scrollWidth")
            assert wide <= width, f"{language}, {width} pixels wide: the page has {wide}"


@test
def plots_have_the_pixels_of_the_screen(b):
    b.size(1280, 800, pixels=2)
    b.run("page.line.plot.redraw()")
    b.frame()
    assert b.run("page.line.plot.canvas.width === 2 * page.line.plot.canvas.clientWidth"), "the plots are blurred on a screen of two pixels each"


@test
def the_texts_are_there_before_anything_is_seen(b):
    shift = b.run("""(() => { const seen = new PerformanceObserver(() => {});
      seen.observe({ type: 'layout-shift', buffered: true });
      return seen.takeRecords().reduce((sum, e) => sum + e.value, 0); })()""")
    assert shift < 0.02, f"the page shifts by {shift:.3f} while it opens"


@test
def the_focus_is_seen_and_goes_through_every_panel(b):
    tab = {"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": "\ue004"}, {"type": "keyUp", "value": "\ue004"}]}
    left = set(PANELS)
    for _ in range(80):
        b.ask("POST", "/actions", {"actions": [tab]})
        name, panel, width = b.run("""((e) => [e.outerHTML.slice(0, 80), e.closest('section')?.id, getComputedStyle(e).outline])(document.activeElement)""")
        assert "<body" in name or "none" not in width, f"the focus is not seen on {name}"
        left.discard(panel)
    assert not left, f"the keys do not reach {left}"
