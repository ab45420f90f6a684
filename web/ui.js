/* What the panels share beside the plots: language, theme, numbers as text, and the fields whose numbers
 * are dragged. */
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const element = (tag, properties = {}, ...children) => {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
};

/* --- language and theme: every panel that draws text is told ---------------------------------- */

const changed = []; // functions to call after the language or the theme changed
const language = () => document.documentElement.lang.slice(0, 2);
const T = (key) => {
  if (!TEXT[key]) throw new Error(`there is no text ${key}`);
  return TEXT[key][language() === 'zh' ? 1 : 0];
};

function setLanguage(to) {
  document.documentElement.lang = to === 'zh' ? 'zh-CN' : 'en';
  document.title = T('title');
  for (const e of $$('[data-t]')) e.textContent = T(e.dataset.t);
  for (const e of $$('[data-label]')) e.setAttribute('aria-label', T(e.dataset.label));
  remember('language', to);
  changed.forEach((f) => f());
}

function setTheme(to) {
  if (to) document.documentElement.dataset.theme = to;
  $('#theme').setAttribute('aria-pressed', dark());
  remember('theme', to);
  changed.forEach((f) => f());
}
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const dark = () => (document.documentElement.dataset.theme ?? (systemDark.matches ? 'dark' : 'light')) === 'dark';

/* A page from a file has no storage in some browsers. */
function remember(key, value) {
  try {
    if (value) localStorage.setItem('nf-' + key, value);
  } catch {}
}
function remembered(key) {
  try {
    return localStorage.getItem('nf-' + key);
  } catch {
    return null;
  }
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* With a minus sign, and no minus before a number that is shown as 0. */
function number(x, digits = 4) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? '–' : x > 0 ? '∞' : '−∞';
  const text = x.toFixed(digits);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '−');
}
/* 1.8·10⁻¹⁵ */
function scientific(x) {
  if (x === 0 || !Number.isFinite(x)) return x === 0 ? '0' : '–';
  const [part, power] = x.toExponential(1).split('e');
  return `${part}·10${power.replace('+', '').replace(/./g, (c) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)])}`;
}
const point = (x, digits = 2) => `(${number(x[0], digits)}, ${number(x[1], digits)})`;
function show(values, root = document) {
  for (const [name, text] of Object.entries(values)) {
    const e = $(`[data-value="${name}"]`, root);
    if (e.textContent !== text) e.textContent = text;
  }
}

/* --- a field whose number is dragged: sideways with the pointer, or by the arrow keys ---------- */

function numberField(input, { get, set, step = 0.1 }) {
  input.type = 'number';
  input.step = 'any';
  const drag = { from: null };
  const digits = Math.max(0, Math.round(-Math.log10(step)));
  const put = (v) => {
    const low = Number(input.min || -9), high = Number(input.max || 9);
    set(Math.min(high, Math.max(low, Number(v.toFixed(6)))));
  };
  input.refresh = () => {
    if (document.activeElement === input && input.typing) return;
    const value = get();
    const text = String(Number(value.toFixed(digits + 1)));
    if (input.value !== text) input.value = text;
  };
  input.addEventListener('input', () => {
    input.typing = true;
    if (input.value !== '' && Number.isFinite(input.valueAsNumber)) put(input.valueAsNumber);
  });
  for (const done of ['change', 'blur'])
    input.addEventListener(done, () => {
      input.typing = false;
      input.refresh();
    });
  input.addEventListener('keydown', (e) => {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[e.key];
    if (!by || (input.typing && e.key.match(/Left|Right/))) return;
    e.preventDefault();
    input.typing = false;
    put(Math.round(get() / step + by * (e.shiftKey ? 10 : 1)) * step);
  });
  input.addEventListener('pointerdown', (e) => {
    drag.from = { x: e.clientX, value: get() };
    drag.moved = false;
    input.setPointerCapture(e.pointerId);
  });
  input.addEventListener('pointermove', (e) => {
    if (!drag.from) return;
    const by = Math.round((e.clientX - drag.from.x) / 8);
    if (by === 0 && !drag.moved) return;
    drag.moved = true;
    put(Math.round(drag.from.value / step + by) * step);
  });
  const end = () => {
    if (drag.from && !drag.moved) input.select();
    drag.from = null;
  };
  input.addEventListener('pointerup', end);
  input.addEventListener('pointercancel', end);
  input.refresh();
}

/* Draws at most once a frame, and only what is on the screen. */
function onFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
