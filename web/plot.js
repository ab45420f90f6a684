/* A plane on a canvas: coordinates of the plane to pixels of the screen, axes, a density as colour, lines
 * and points; and handles, points that are dragged or moved by the arrow keys. */
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const css = (colour) => (/[(#]/.test(colour) ? colour : ink(colour)); // a name of style.css, or a colour
const rgb = (name) => ink(name).match(/[0-9a-f]{2}/gi).map((h) => parseInt(h, 16));

class Plot {
  /* holder: an element; x, y: [from, to]; height per width of the box, or null: as high as the holder */
  constructor(holder, { x, y, names = ['', ''], ticks = [1, 1], margin = [10, 10, 30, 38], draw, outside }) {
    this.holder = holder;
    this.range = { x, y };
    Object.assign(this, { names, ticks, margin, drawing: draw, outside });
    this.canvas = element('canvas');
    holder.append(this.canvas);
    this.handles = [];
    this.redraw = onFrame(() => this.draw());
    new ResizeObserver(() => this.resize()).observe(holder);
    changed.push(this.redraw);
  }

  resize() {
    const { clientWidth: w, clientHeight: h } = this.holder, ratio = devicePixelRatio;
    if (w === 0 || h === 0) return;
    this.canvas.width = Math.round(w * ratio);
    this.canvas.height = Math.round(h * ratio);
    Object.assign(this, { w, h, ratio });
    this.draw();
  }

  get box() {
    const [top, right, bottom, left] = this.margin;
    return { left, top, width: this.w - left - right, height: this.h - top - bottom };
  }
  X(x) {
    const [a, b] = this.range.x;
    return this.box.left + ((x - a) / (b - a)) * this.box.width;
  }
  Y(y) {
    const [a, b] = this.range.y;
    return this.box.top + ((b - y) / (b - a)) * this.box.height;
  }
  at(px, py) {
    const { x, y } = this.range, b = this.box;
    return [x[0] + ((px - b.left) / b.width) * (x[1] - x[0]), y[1] - ((py - b.top) / b.height) * (y[1] - y[0])];
  }
  within(e) {
    const r = this.canvas.getBoundingClientRect();
    return this.at(e.clientX - r.left, e.clientY - r.top);
  }

  draw() {
    if (!this.w) return;
    if (this.ratio !== devicePixelRatio) return this.resize();
    const g = (this.g = this.canvas.getContext('2d')), b = this.box;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.clearRect(0, 0, this.w, this.h);
    g.fillStyle = ink('sheet');
    g.fillRect(b.left, b.top, b.width, b.height);
    g.save();
    g.beginPath();
    g.rect(b.left, b.top, b.width, b.height);
    g.clip();
    this.drawing(this);
    g.restore();
    this.axes();
    this.outside?.(this);
    this.handles.forEach((h) => h.place());
  }

  axes() {
    const g = this.g, b = this.box;
    g.strokeStyle = ink('rule');
    g.lineWidth = 1;
    g.strokeRect(b.left + 0.5, b.top + 0.5, b.width - 1, b.height - 1);
    g.fillStyle = ink('soft');
    g.font = `13px ${ink('sans')}`;
    g.textAlign = 'center';
    g.textBaseline = 'top';
    const each = (range, step, f) => {
      for (let k = Math.ceil(range[0] / step - 1e-9); k * step <= range[1] + 1e-9; k++) f(k * step);
    };
    const text = (v, step) => number(v, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
    if (this.ticks[0]) each(this.range.x, this.ticks[0], (v) => {
      const half = g.measureText(text(v, this.ticks[0])).width / 2;
      g.fillText(text(v, this.ticks[0]), Math.min(this.X(v), this.w - half - 1), b.top + b.height + 6);
    });
    g.textAlign = 'right';
    g.textBaseline = 'middle';
    if (this.ticks[1]) each(this.range.y, this.ticks[1], (v) => g.fillText(text(v, this.ticks[1]), b.left - 6, this.Y(v)));
    this.write(this.names[0], b.left + b.width - 24, b.top + b.height - 13, 'ink');
    this.write(this.names[1], b.left + 8, b.top + 14, 'ink');
  }

  /* A formula's letters at a pixel, readable over whatever is there */
  write(string, x, y, colour, size = 17) {
    Object.assign(this.g, { font: `italic ${size}px ${ink('serif')}`, textAlign: 'left', textBaseline: 'middle',
      fillStyle: ink(colour), strokeStyle: ink('paper'), lineWidth: 4, lineJoin: 'round' });
    this.g.strokeText(string, x, y);
    this.g.fillText(string, x, y);
  }

  /* Lines through the multiples of two steps, and the two axes of the plane */
  graph([across, up] = [1, 1]) {
    const { x, y } = this.range;
    for (let k = Math.ceil(x[0] / across); k * across <= x[1]; k++) this.line([k * across, y[0]], [k * across, y[1]], k === 0 ? 'rule' : 'hair');
    for (let k = Math.ceil(y[0] / up); k * up <= y[1]; k++) this.line([x[0], k * up], [x[1], k * up], k === 0 ? 'rule' : 'hair');
  }

  stroke(colour, width, alpha = 1) {
    const g = this.g;
    g.globalAlpha = alpha;
    g.strokeStyle = css(colour);
    g.lineWidth = width;
    g.lineJoin = 'round';
    g.stroke();
    g.globalAlpha = 1;
  }
  fill(colour, alpha = 1) {
    this.g.globalAlpha = alpha;
    this.g.fillStyle = css(colour);
    this.g.fill();
    this.g.globalAlpha = 1;
  }
  line(a, b, colour, width = 1, alpha = 1) {
    this.path([...a, ...b]);
    this.stroke(colour, width, alpha);
  }
  /* points x₁, y₁, x₂, y₂, … */
  path(xy, close = false) {
    const g = this.g;
    g.beginPath();
    for (let i = 0; i < xy.length; i += 2) g.lineTo(this.X(xy[i]), this.Y(xy[i + 1]));
    if (close) g.closePath();
  }
  arrow(a, b, colour, width = 2) {
    const g = this.g, x = this.X(b[0]), y = this.Y(b[1]);
    const angle = Math.atan2(y - this.Y(a[1]), x - this.X(a[0]));
    this.line(a, b, colour, width);
    g.beginPath();
    g.moveTo(x, y);
    for (const turn of [-0.4, 0.4]) g.lineTo(x - 12 * Math.cos(angle + turn), y - 12 * Math.sin(angle + turn));
    g.closePath();
    this.fill(colour);
  }
  circle(centre, radius) {
    this.g.beginPath();
    this.g.arc(this.X(centre[0]), this.Y(centre[1]), this.X(radius) - this.X(0), 0, 7);
  }
  dots(xy, radius, colour, alpha = 1) {
    const g = this.g;
    g.beginPath();
    for (let i = 0; i < xy.length; i += 2) {
      const x = this.X(xy[i]), y = this.Y(xy[i + 1]);
      g.moveTo(x + radius, y);
      g.arc(x, y, radius, 0, 7);
    }
    this.fill(colour, alpha);
  }
  text(string, x, y, colour, { font = `14px ${ink('sans')}`, align = 'left', dx = 0, dy = 0 } = {}) {
    const g = this.g;
    Object.assign(g, { font, textAlign: align, textBaseline: 'middle', fillStyle: ink(colour), strokeStyle: ink('sheet'), lineWidth: 4, lineJoin: 'round' });
    g.strokeText(string, this.X(x) + dx, this.Y(y) + dy);
    g.fillText(string, this.X(x) + dx, this.Y(y) + dy);
  }

  /* The centres of n×n cells of the plane, row by row from the top: where a density is evaluated */
  cells(n) {
    const { x, y } = this.range, out = new Float64Array(2 * n * n);
    for (let i = 0, k = 0; i < n; i++)
      for (let j = 0; j < n; j++, k += 2) {
        out[k] = x[0] + ((j + 0.5) / n) * (x[1] - x[0]);
        out[k + 1] = y[1] - ((i + 0.5) / n) * (y[1] - y[0]);
      }
    return out;
  }
  /* A density at those cells: opaque where it is `most` */
  density(logP, n, colour, most) {
    const [r, g, b] = rgb(colour), image = new ImageData(n, n);
    for (let k = 0; k < n * n; k++) {
      const part = Math.min(1, Math.exp(logP[k]) / most);
      image.data.set([r, g, b, 235 * Math.pow(part, 0.65)], 4 * k);
    }
    this.buffer ??= document.createElement('canvas');
    this.buffer.width = this.buffer.height = n;
    this.buffer.getContext('2d').putImageData(image, 0, 0);
    const box = this.box;
    this.g.imageSmoothingEnabled = true;
    this.g.imageSmoothingQuality = 'high';
    this.g.drawImage(this.buffer, box.left, box.top, box.width, box.height);
  }

  /* A point that can be moved. label() names it for those who hear the page; set(x) gets where it is to
   * go, in coordinates of the plane. */
  handle({ get, set, label, colour, step = 0.1 }) {
    const button = element('button', { className: 'handle', type: 'button' });
    button.style.setProperty('--colour', `var(--${colour})`);
    const h = {
      button,
      place: () => {
        const [x, y] = get();
        const inside = x >= this.range.x[0] && x <= this.range.x[1] && y >= this.range.y[0] && y <= this.range.y[1];
        const clamp = (v, r) => Math.min(r[1], Math.max(r[0], v));
        button.style.transform = `translate(${this.X(clamp(x, this.range.x))}px, ${this.Y(clamp(y, this.range.y))}px)`;
        button.classList.toggle('outside', !inside);
        button.setAttribute('aria-label', label());
      },
    };
    const clamped = (p) => p.map((v, i) => Math.min(Math.max(v, this.range[i ? 'y' : 'x'][0]), this.range[i ? 'y' : 'x'][1]));
    button.addEventListener('pointerdown', (e) => {
      button.setPointerCapture(e.pointerId);
      button.focus();
      e.preventDefault();
    });
    button.addEventListener('pointermove', (e) => {
      if (!button.hasPointerCapture(e.pointerId)) return;
      set(clamped(this.within(e)).map((v) => Math.round(v / (step / 2)) * (step / 2)));
    });
    button.addEventListener('keydown', (e) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
      if (!by) return;
      e.preventDefault();
      const size = e.shiftKey ? step * 5 : step, [x, y] = get();
      set(clamped([Math.round((x + by[0] * size) * 1e6) / 1e6, Math.round((y + by[1] * size) * 1e6) / 1e6]));
    });
    this.holder.append(button);
    this.handles.push(h);
    return h;
  }
}

/* Negative log-dets in the colour of contraction, positive in that of expansion */
function logDetColour(l, most = 1.2) {
  const [from, to] = [rgb('ink'), rgb(l < 0 ? 'shrink' : 'grow')], part = Math.min(1, Math.abs(l) / most);
  const mild = Math.sqrt(part);
  return `rgb(${from.map((v, i) => Math.round(v * (1 - mild) * 0.6 + to[i] * mild + (1 - mild) * 0.4 * rgb('soft')[i])).join(' ')})`;
}
