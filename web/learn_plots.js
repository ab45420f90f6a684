/* The five plots of a flow that learns: its density, a grid of the latent with samples, the points after
 * each layer, the loss, and the sum of the log-dets layer by layer (NOTES (1.12)). `m` is the panel's
 * state: m.data, m.picture (of the worker; its rows are of library.trace), m.loss, m.smooth, m.entropy. */
const SHOWN = 700, CELLS = 90;

function learnPlots(m) {
  const plane = { x: [-3.2, 3.2], y: [-3.2, 3.2], margin: [4, 6, 26, 26] };
  const low = { x: [0, 1], y: [0, 1], margin: [8, 8, 26, 40] };
  const density = new Plot($('#learn-density'), { ...plane, names: ['x₁', 'x₂'], draw: drawDensity });
  const samples = new Plot($('#learn-samples'), { ...plane, names: ['x₁', 'x₂'], draw: drawSamples });
  const layers = new Plot($('#learn-layers'), { ...plane, draw: drawLayers });
  const loss = new Plot($('#learn-loss'), { ...low, draw: drawLoss });
  const trace = new Plot($('#learn-trace'), { ...low, draw: drawTrace });
  const latent = gridLines([-3, 3], [-3, 3], 0.5, 96), grid = Float32Array.from(latent.flatMap((l) => [...l.points]));
  const greatest = (list) => list.reduce((a, b) => Math.max(a, b), -Infinity);

  function drawDensity(p) {
    p.graph();
    if (m.picture) {
      const { logP } = m.picture;
      p.density(logP, CELLS, 'x', Math.min(0.7, Math.max(0.16, Math.exp(greatest(logP)))));
    }
    p.dots(m.data.subarray(0, 2 * SHOWN), 1.1, 'ink', m.toy === OWN ? 0.7 : 0.38);
  }

  function drawSamples(p) {
    if (!m.picture) return;
    for (const l of mapLines(latent, () => m.picture.grid)) {
      p.path(l.mapped);
      p.stroke('z', l.at === 0 ? 1.5 : 0.8, l.at === 0 ? 0.9 : 0.55);
    }
    p.dots(m.picture.samples, 1.4, 'x', 0.85);
  }

  /* Points keep the colour of the angle at which they lie in the data; after the last layer the circles
   * are those of the base density. */
  function drawLayers(p) {
    p.graph();
    if (!m.picture) return;
    const { rows } = m.picture, K = rows.length - 1, at = Math.min(m.layer, K), x = rows[at].x, data = rows[0].x, BINS = 12;
    p.names = at === 0 ? ['x₁', 'x₂'] : at === K ? ['z₁', 'z₂'] : ['', ''];
    if (at === K)
      for (const radius of [1, 2, 3]) {
        p.circle([0, 0], radius);
        p.stroke('z', 1.2, 0.6);
      }
    const bins = Array.from({ length: BINS }, () => []);
    for (let i = 2; i < x.length; i += 2) {
      const turn = Math.atan2(data[i + 1], data[i]) / (2 * Math.PI) + 0.5;
      bins[Math.floor(turn * BINS) % BINS].push(x[i], x[i + 1]);
    }
    bins.forEach((xy, k) => p.dots(xy, 1.7, `hsl(${(360 * k) / BINS + 200} 62% ${dark() ? 68 : 42}%)`));
    p.circle([x[0], x[1]], 0.14);
    p.stroke('ink', 2.5);
  }

  const nice = (span, parts) => {
    const raw = span / parts, power = 10 ** Math.floor(Math.log10(raw));
    return [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw);
  };

  function fitLoss() {
    const last = Math.max(200, m.loss.length), entropy = Number.isNaN(m.entropy) ? Infinity : m.entropy;
    const bottom = Math.min(entropy, ...m.smooth.slice(-400), m.smooth[0] ?? 2);
    const top = Math.max(...m.loss.slice(0, 20), bottom + 1);
    loss.range = { x: [0, last], y: [bottom - 0.25, Math.min(top, bottom + 8)] };
    loss.ticks = [nice(last, 6), nice(loss.range.y[1] - loss.range.y[0], 4)];
  }
  function drawLoss(p) {
    fitLoss();
    const stride = Math.max(1, Math.floor(m.loss.length / 1200));
    const some = (all) => {
      const xy = [];
      for (let i = 0; i < all.length; i += stride) xy.push(i, all[i]);
      return xy;
    };
    p.path(some(m.loss));
    p.stroke('soft', 1, 0.4);
    p.path(some(m.smooth));
    p.stroke('x', 2.5);
    if (Number.isNaN(m.entropy)) return;
    p.g.setLineDash([7, 5]);
    p.line([p.range.x[0], m.entropy], [p.range.x[1], m.entropy], 'z', 2);
    p.g.setLineDash([]);
  }

  function fitTrace() {
    const { rows } = m.picture, K = rows.length - 1, mean = rows.map((r) => r.logDet.subarray(1).reduce((a, b) => a + b, 0) / (r.logDet.length - 1));
    const all = [...mean, ...rows.map((r) => r.logDet[0])];
    const bottom = Math.min(-0.5, ...all), top = Math.max(0.5, ...all), room = (top - bottom) / 8;
    trace.range = { x: [-0.02 * K, 1.02 * K], y: [bottom - room, top + room] };
    trace.ticks = [Math.max(1, nice(K, 8)), nice(top - bottom, 4)];
    trace.mean = mean;
  }
  function drawTrace(p) {
    if (!m.picture) return;
    fitTrace();
    const { rows } = m.picture, at = Math.min(m.layer, rows.length - 1), own = rows.flatMap((r, k) => [k, r.logDet[0]]), v = own[2 * at + 1];
    p.line([p.range.x[0], 0], [p.range.x[1], 0], 'rule');
    p.line([at, p.range.y[0]], [at, p.range.y[1]], 'hair', 2);
    p.path(p.mean.flatMap((value, k) => [k, value]));
    p.stroke('soft', 1.5);
    p.path(own);
    p.stroke('det', 2.5);
    p.dots(own, 3, 'det');
    p.dots([at, v], 6, 'det');
    const right = at > (rows.length - 1) * 0.7, above = v > (p.range.y[0] + p.range.y[1]) / 2;
    p.text(number(v, 3), at, v, 'ink', { align: right ? 'right' : 'left', dx: right ? -4 : 10, dy: above ? 22 : -22, font: `600 15px ${ink('sans')}` });
  }

  return {
    density,
    /* Where the flow is to be evaluated */
    wanted: () => ({ cells: Float32Array.from(density.cells(CELLS)), grid, n: SHOWN }),
    /* The planes of the data hold nearly all of it. */
    fit() {
      const sizes = Array.from(m.data, Math.abs).sort((a, b) => a - b);
      const half = m.toy === OWN ? 2.6 : Math.max(2.1, 1.12 * sizes[Math.floor(0.998 * (sizes.length - 1))]);
      for (const p of [density, samples]) p.range = { x: [-half, half], y: [-half, half] };
    },
    draw() {
      [density, samples, layers, loss, trace].forEach((p) => p.draw());
    },
  };
}
