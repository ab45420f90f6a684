"""A headless Chromium, driven over HTTP as W3C WebDriver by chromium-driver: what the tests and the speed
measurement of the page need of it, with nothing but the standard library."""
import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's reference, W3C WebDriver 12


def missing():
    """What is not installed of the two programs, by name."""
    names = {"chromium": chromium(), "chromium-driver": shutil.which("chromedriver")}
    return [name for name, path in names.items() if path is None]


def chromium():
    return next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.session = None
        for line in self.driver.stdout:
            if found := re.search(r"successfully on port (\d+)", line):
                self.root = f"http://127.0.0.1:{found.group(1)}"
                break
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--force-device-scale-factor=1", "--lang=en",
                     "--hide-scrollbars", f"--user-data-dir={self.folder.name}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium's sandbox refuses root
        options = {"goog:chromeOptions": {"binary": chromium(), "args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]
        except Exception:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.folder.cleanup()

    def ask(self, method, path, body=None):
        path = path if self.session is None else f"/session/{self.session}{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"].splitlines()[0]) from None

    def open(self, url):
        self.ask("POST", "/url", {"url": url})
        self.wait("document.documentElement.dataset.ready === 'yes' || !document.querySelector('#failure').hidden")
        if complaint := self.run("document.querySelector('#failure').textContent"):
            raise AssertionError(f"the page says: {complaint}")

    def run(self, script, *arguments):
        """The value of a JavaScript expression, in which a list is arguments[0], …"""
        return self.ask("POST", "/execute/sync", {"script": f"return ({script})", "args": list(arguments)})

    def wait(self, condition, seconds=60):
        """Until an expression is true, or promises something that is."""
        script = """const [limit, done] = arguments, begin = Date.now();
          (async function look() {
            if (await (%s)) done('');
            else if (Date.now() - begin > limit) done('not so after ' + limit / 1000 + ' s');
            else setTimeout(look, 20);
          })();""" % condition
        self.ask("POST", "/timeouts", {"script": 1000 * seconds + 10000})
        if complaint := self.ask("POST", "/execute/async", {"script": script, "args": [1000 * seconds]}):
            raise AssertionError(f"{complaint}: {condition}")

    def frame(self):
        """Until what was changed is drawn"""
        self.wait("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self.ask("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def drag(self, selector, *path, start=(0, 0)):
        """With the pointer from `start`, seen from the middle of an element, along steps (dx, dy) in pixels."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center', behavior: 'instant'})", selector)
        self.frame()
        moves = [{"type": "pointerMove", "duration": 20, "origin": {ELEMENT: self.find(selector)}, "x": start[0], "y": start[1]}, {"type": "pointerDown", "button": 0}]
        moves += [{"type": "pointerMove", "duration": 20, "origin": "pointer", "x": x, "y": y} for x, y in path]
        moves.append({"type": "pointerUp", "button": 0})
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}
        self.ask("POST", "/actions", {"actions": [pointer]})

    def size(self, width, height, pixels=1):
        """In CSS pixels, of so many pixels of the screen each"""
        parameters = {"width": width, "height": height, "deviceScaleFactor": pixels, "mobile": width < 600}
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": parameters})

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def messages(self):
        """What the console has had since the last call, warnings and errors."""
        return [m["message"] for m in self.ask("POST", "/se/log", {"type": "browser"}) if m["level"] in ("SEVERE", "WARNING")]
