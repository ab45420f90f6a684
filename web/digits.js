/* Chapters 6 and 8: the flow of handwritten digits in data/flows, read from its safetensors file, whose
 * values the page carries as float16. Samples, a path between two digits, latents drawn anew level by
 * level (tools/levels.c has the formulas), and the bits/dim of a digit that one writes. */
const SIDE = 8, D = SIDE * SIDE, GREYS = 16, EVAL_DRAW = 2; // of the noise, as nf eval takes it

/* The flow of a safetensors file with the metadata of nf_model */
function readFlow(library, bytes) {
  const data = new DataView(bytes.buffer, bytes.byteOffset), size = Number(data.getBigUint64(0, true));
  const { __metadata__: meta, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  const half = (h) => {
    const sign = h >> 15 ? -1 : 1, exponent = (h >> 10) & 31, part = h & 1023;
    return sign * (exponent ? (1 + part / 1024) * 2 ** (exponent - 15) : part * 2 ** -24);
  };
  const flow = library.model({
    family: library.families.indexOf(meta.family),
    shape: meta.shape.split(',').map(Number),
    levels: Number(meta.levels),
    steps: Number(meta.steps),
    width: Number(meta.width),
    scale: library.scales.indexOf(meta.scale),
    bins: Number(meta.pixel_levels),
    alpha: Number(meta.alpha),
    seed: Number(meta.seed),
  });
  for (const [name, { data_offsets: [from, to] }] of Object.entries(tensors))
    library.tensor(flow, name).set(Float32Array.from({ length: (to - from) / 2 }, (_, i) => half(data.getUint16(8 + size + from + 2 * i, true))));
  return { flow, levels: Number(meta.levels) };
}

function digitsPanel(library, bytes, images) {
  const { flow, levels } = readFlow(library, bytes), total = images.length / D;
  const image = (i) => Float32Array.from(images.subarray(i * D, (i + 1) * D));
  const bits = (logP) => -logP / (D * Math.LN2);
  const state = { temperature: 0.8, seed: 1, from: 3, to: 14, levelSeed: 1, bits: NaN, strip: [] };

  /* Images in `columns` columns, a part of a pixel apart; ink where the value is high */
  function paint(canvas, pixels, columns, titles = []) {
    const n = pixels.length / D, rows = Math.ceil(n / columns), [r, g, b] = rgb('ink'), gap = 2, cell = SIDE + gap;
    const out = new ImageData(columns * cell - gap, rows * cell - gap), sheet = rgb('sheet');
    for (let i = 0; i < n; i++)
      for (let k = 0; k < D; k++) {
        const at = (Math.floor(i / columns) * cell + Math.floor(k / SIDE)) * out.width + (i % columns) * cell + (k % SIDE);
        const part = Math.min(1, Math.max(0, pixels[i * D + k] / GREYS));
        out.data.set([r, g, b].map((v, c) => sheet[c] + (v - sheet[c]) * part).concat(255), 4 * at);
      }
    canvas.width = out.width;
    canvas.height = out.height;
    canvas.getContext('2d').putImageData(out, 0, 0);
  }

  function samples() {
    paint($('#digits-samples'), library.sample(flow, 50, state.seed, state.temperature), 10);
    show({ digits_temperature: `${T('temperature')} T = ${number(state.temperature, 2)}` });
  }

  function between() {
    const N = 9, z = library.forward(flow, Float32Array.from([...image(state.from), ...image(state.to)])).z;
    const path = Float32Array.from({ length: N * D }, (_, i) => {
      const t = Math.floor(i / D) / (N - 1);
      return (1 - t) * z[i % D] + t * z[D + (i % D)];
    });
    paint($('#digits-between'), library.inverse(flow, path).x, N);
  }

  /* A row a level: the digit, and seven times with the latents of that level drawn anew. Level l has values
   * D/2^l … D/2^(l-1) of z; the last has the first ones. */
  function redrawn() {
    const N = 8, z = library.forward(flow, image(state.from)).z, rows = new Float32Array(levels * N * D);
    const noise = library.forward(normal, Float32Array.from(library.sample(normal, levels * N, state.levelSeed, 0.8))).z;
    for (let l = 1; l <= levels; l++)
      for (let j = 0; j < N; j++) {
        const row = rows.subarray(((l - 1) * N + j) * D, ((l - 1) * N + j + 1) * D);
        row.set(z);
        if (j === 0) continue;
        for (let k = l < levels ? D >> l : 0; k < D >> (l - 1); k++) row[k] = noise[((l - 1) * N + j) * D + k];
      }
    paint($('#digits-levels'), library.inverse(flow, rows).x, N);
  }
  const normal = library.affine(D); // the identity: its samples are those of N(0, I)

  /* --- writing: a bitmap of 32×32, of which a pixel counts the ink in a block of 4×4, as in the data -- */

  const FINE = 32, pad = $('#digits-pad');
  let bitmap = new Uint8Array(FINE * FINE), stroke = null, pen = null, written = new Float32Array(D);
  function dab(x, y) {
    for (let i = 0; i < FINE; i++)
      for (let j = 0; j < FINE; j++) if (Math.hypot(j + 0.5 - x, i + 0.5 - y) < 2.2) bitmap[i * FINE + j] = 1;
  }
  function showWriting() {
    pad.width = pad.height = FINE * 8;
    const g = pad.getContext('2d');
    g.fillStyle = ink('ink');
    for (let k = 0; k < bitmap.length; k++) if (bitmap[k]) g.fillRect((k % FINE) * 8, Math.floor(k / FINE) * 8, 8, 8);
    if (pen) {
      g.strokeStyle = ink('x');
      g.lineWidth = pen.down ? 6 : 2;
      g.strokeRect(pen.at[0] * 8 - 10, pen.at[1] * 8 - 10, 20, 20);
    }
    written = new Float32Array(D);
    for (let k = 0; k < bitmap.length; k++) written[Math.floor(k / FINE / 4) * SIDE + Math.floor((k % FINE) / 4)] += bitmap[k];
    paint($('#digits-seen'), written, 1);
    evaluate();
  }
  /* The bound (6.1), its mean over 64 draws of the noise */
  function evaluate() {
    const DRAWS = 64, copies = new Float32Array(DRAWS * D);
    for (let i = 0; i < DRAWS; i++) copies.set(written, i * D);
    state.bits = bits(library.logProb(flow, copies).reduce((a, b) => a + b, 0) / DRAWS);
    show({ digits_bits: number(state.bits, 2) });
    strip.redraw();
  }
  const where = (e) => {
    const r = pad.getBoundingClientRect();
    return [((e.clientX - r.left) / r.width) * FINE, ((e.clientY - r.top) / r.height) * FINE];
  };
  pad.addEventListener('pointerdown', (e) => {
    pad.setPointerCapture(e.pointerId);
    if (state.example) bitmap.fill(0), (state.example = false);
    dab(...(stroke = where(e)));
    showWriting();
  });
  pad.addEventListener('pointermove', (e) => {
    if (!stroke) return;
    const to = where(e), n = Math.ceil(Math.hypot(to[0] - stroke[0], to[1] - stroke[1]) * 2);
    for (let k = 1; k <= n; k++) dab(stroke[0] + ((to[0] - stroke[0]) * k) / n, stroke[1] + ((to[1] - stroke[1]) * k) / n);
    stroke = to;
    showWriting();
  });
  /* By the keys: the arrows move a pen, which Space puts down and lifts. */
  pad.addEventListener('keydown', (e) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], ' ': [0, 0] }[e.key];
    if (!by) return;
    e.preventDefault();
    pen ??= { at: [FINE / 2, 4], down: false };
    if (e.key === ' ') pen.down = !pen.down;
    pen.at = pen.at.map((v, i) => Math.min(FINE - 1, Math.max(1, v + by[i])));
    if (pen.down) {
      if (state.example) bitmap.fill(0), (state.example = false);
      dab(...pen.at);
    }
    showWriting();
  });
  pad.addEventListener('blur', () => ((pen = null), showWriting()));
  for (const end of ['pointerup', 'pointercancel']) pad.addEventListener(end, () => (stroke = null));

  /* A 2, until one writes */
  function example() {
    bitmap.fill(0);
    state.example = true;
    const path = [[9, 8], [12, 4], [17, 3], [21, 6], [21, 11], [17, 18], [9, 28], [16, 28], [24, 28]];
    for (let i = 0; i + 1 < path.length; i++)
      for (let k = 0; k <= 20; k++) dab(...path[i].map((v, c) => v + ((path[i + 1][c] - v) * k) / 20));
    showWriting();
  }

  const strip = new Plot($('#digits-strip'), { x: [1, 5], y: [0, 1], ticks: [1, 0], margin: [4, 8, 24, 8], draw(p) {
    state.strip.forEach((v, i) => p.dots([v, 0.12 + 0.76 * ((i * 0.618) % 1)], 2, 'soft', 0.6));
    const v = Math.min(5, Math.max(1, state.bits));
    p.line([v, 0], [v, 1], 'x', 3);
  } });

  function field(back, next, key) {
    const step = (by) => () => {
      state[key] = (state[key] + by + total) % total;
      between();
      redrawn();
    };
    $(back).onclick = step(-1);
    $(next).onclick = step(1);
  }
  field('#from-back', '#from-next', 'from');
  field('#to-back', '#to-next', 'to');
  $('#digits-temperature').oninput = ({ target }) => ((state.temperature = Number(target.value)), samples());
  $('#digits-again').onclick = () => (state.seed++, samples());
  $('#levels-again').onclick = () => (state.levelSeed++, redrawn());
  $('#digits-clear').onclick = () => {
    bitmap.fill(0);
    state.example = false;
    showWriting();
  };

  function draw() {
    samples();
    between();
    redrawn();
    state.example ? example() : showWriting();
    for (let l = 1; l <= levels; l++) show({ ['level_' + l]: fill(T('level'), { l }) });
    $('[data-t="strip_caption"]').textContent = fill(T('strip_caption'), { mean: number(state.mean, 3) });
  }
  state.strip = [...library.logProb(flow, Float32Array.from(images), EVAL_DRAW)].map(bits);
  state.mean = state.strip.reduce((a, b) => a + b, 0) / total;
  state.example = true;
  changed.push(draw);
  draw();
  return { state };
}
