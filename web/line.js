/* Chapter 1: a map of the line. The curve z = f(x) is in the middle, p_X(x) below it and p_Z(z) on its
 * left, where equal areas are equal probabilities. */
function linePanel(library) {
  const sqrt = '<math><msqrt><mn>1</mn><mo>+</mo><msup><mi>x</mi><mn>2</mn></msup></msqrt></math>';
  const maps = [
    { formula: `<i>z</i> = sinh⁻¹ <i>x</i>, &nbsp; d<i>z</i>/d<i>x</i> = 1/${sqrt}`, x: [-4, 4], ends: [3 / 4, 4 / 3], ticks: 1 },
    { formula: '<i>z</i> = log <i>x</i>, &nbsp; d<i>z</i>/d<i>x</i> = 1/<i>x</i>', x: [0, 5], ends: [0.5, 1], ticks: 1 },
    { formula: '<i>z</i> = <i>x</i>³ + <i>x</i>/4, &nbsp; d<i>z</i>/d<i>x</i> = 3<i>x</i>² + 1/4', x: [-2, 2], ends: [0.2, 0.8], ticks: 1 },
    { formula: '<i>z</i> = <i>a</i><i>x</i> + <i>b</i>, &nbsp; d<i>z</i>/d<i>x</i> = <i>a</i>', x: [-4, 4], ends: [0.5, 1.5], ticks: 1 },
    { formula: '<i>z</i> = log <i>x</i> − log(1 − <i>x</i>), &nbsp; d<i>z</i>/d<i>x</i> = 1/(<i>x</i>(1 − <i>x</i>))', x: [0, 1], ends: [0.6, 0.8], ticks: 0.2 },
  ];
  const AFFINE = 3, POINTS = 241, start = { a: 0.5, b: 0 };
  const state = { map: 0, ends: [...maps[0].ends], ...start };
  const flows = maps.map((_, i) => library.line(i)), identity = library.affine(1);
  const plot = new Plot($('#line-plot'), { x: maps[0].x, y: [-3.2, 3.2], names: ['', ''], draw, outside });

  const flow = () => flows[state.map];
  const f = (x) => library.forward(flow(), x).z;
  const density = (which, x) => library.logProb(which, x).map(Math.exp);
  /* n points of [a, b], inside the domain of the map */
  const between = (a, b, n) => Float64Array.from({ length: n }, (_, i) => a + ((b - a) * (i + 0.5)) / n);
  /* ∫ p over [a, b] by Simpson's rule */
  function mass(which, [a, b]) {
    const n = 200, p = density(which, Float64Array.from({ length: n + 1 }, (_, i) => a + ((b - a) * i) / n));
    return (p.reduce((sum, v, i) => sum + v * (i === 0 || i === n ? 1 : i % 2 ? 4 : 2), 0) * (b - a)) / (3 * n);
  }

  let curve;
  function draw(p) {
    p.graph(p.ticks);
    const [a, b] = state.ends, [za, zb] = f(state.ends), low = p.range.y[0], left = p.range.x[0];
    const inside = between(a, b, 60), image = f(inside);
    const region = (corner) => [...corner, ...Array.from(inside, (x, i) => [x, image[i]]).flat(), b, zb];
    p.path([a, low, a, za, ...region([]), b, low], true);
    p.fill('x', 0.16);
    p.path([left, za, a, za, ...region([]), left, zb], true);
    p.fill('z', 0.16);
    const x = between(...p.range.x, POINTS), z = f(x), logSlope = library.forward(flow(), x).logDet;
    curve = { x, z, slope: logSlope.map(Math.exp) };
    p.path(Array.from(x, (v, i) => [v, z[i]]).flat());
    p.stroke('ink', 2.5);
    for (const [u, v] of [[a, za], [b, zb]]) {
      p.line([u, low], [u, v], 'x', 1.5);
      p.line([left, v], [u, v], 'z', 1.5);
    }
  }

  /* Density below the box (of x), and on its left (of z), on scales that make equal areas equal. */
  function outside(p) {
    const g = p.g, box = p.box, gap = 30;
    const depth = p.h - box.top - box.height - gap - 4, across = box.left - gap - 14;
    const perX = box.width / (p.range.x[1] - p.range.x[0]), perZ = box.height / (p.range.y[1] - p.range.y[0]);
    const x = between(...p.range.x, POINTS), pX = density(flow(), x), z = between(...p.range.y, POINTS), pZ = density(identity, z);
    const area = 0.96 * Math.min((depth * perX) / Math.max(...pX), (across * perZ) / Math.max(...pZ));
    const bottom = box.top + box.height + gap, right = box.left - gap - 8;
    const below = (v, density) => [p.X(v), bottom + (density * area) / perX], beside = (v, density) => [right - (density * area) / perZ, p.Y(v)];
    const shape = (list, at, base, colour, part) => {
      g.beginPath();
      g.moveTo(...at(list[0][0], 0));
      for (const [v, d] of list) g.lineTo(...at(v, d));
      g.lineTo(...at(list[list.length - 1][0], 0));
      g.closePath();
      p.fill(colour, part ? 0.75 : 0.14);
      if (!part) p.stroke(colour, 2);
    };
    const pairs = (v, d) => Array.from(v, (u, i) => [u, d[i]]);
    const within = between(...state.ends, 80), ends = f(state.ends), zs = between(...ends, 80);
    shape(pairs(x, pX), below, bottom, 'x', false);
    shape(pairs(within, density(flow(), within)), below, bottom, 'x', true);
    shape(pairs(z, pZ), beside, right, 'z', false);
    shape(pairs(zs, density(identity, zs)), beside, right, 'z', true);
    const label = (sub, argument, x, y, colour) => {
      p.write('p', x, y, colour);
      p.write(sub, x + 10, y + 5, colour, 12);
      p.write(`(${argument})`, x + 20, y, colour);
    };
    label('X', 'x', box.left + box.width - 52, bottom + Math.min(depth, 60) * 0.6, 'x');
    label('Z', 'z', 8, box.top + 16, 'z');
  }

  function update() {
    library.parameters(flows[AFFINE]).set([state.a, state.b]);
    const [a, b] = state.ends, z = f(state.ends), massX = mass(flow(), [a, b]), massZ = mass(identity, [...z]);
    $('[data-value="line_map"]').innerHTML = maps[state.map].formula;
    $('#line-affine').hidden = state.map !== AFFINE;
    show({
      line_from_x: `[${number(a, 2)}, ${number(b, 2)}]`,
      line_from_z: `[${number(z[0], 2)}, ${number(z[1], 2)}]`,
      line_width_x: number(b - a),
      line_width_z: number(z[1] - z[0]),
      line_height_x: number(massX / (b - a)),
      line_height_z: number(massZ / (z[1] - z[0])),
      line_mass_x: number(massX),
      line_mass_z: number(massZ),
    });
    $$('#line-maps button').forEach((button, i) => {
      button.setAttribute('aria-checked', i === state.map);
      button.tabIndex = i === state.map ? 0 : -1;
    });
    [$('#line-a'), $('#line-b')].forEach((i) => i.refresh());
    plot.redraw();
  }

  function choose(i) {
    Object.assign(state, { map: i, ends: [...maps[i].ends], ...start });
    plot.range.x = maps[i].x;
    plot.ticks = [maps[i].ticks, 1];
    update();
  }

  maps.forEach((_, i) => {
    const button = element('button', { type: 'button', onclick: () => choose(i) });
    button.setAttribute('role', 'radio');
    button.dataset.t = 'map_' + i;
    button.addEventListener('keydown', (e) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
      if (!by) return;
      e.preventDefault();
      choose((i + by + maps.length) % maps.length);
      $$('#line-maps button')[state.map].focus();
    });
    $('#line-maps').append(button);
  });
  numberField($('#line-a'), { get: () => state.a, set: (v) => ((state.a = v), update()), step: 0.1 });
  numberField($('#line-b'), { get: () => state.b, set: (v) => ((state.b = v), update()), step: 0.1 });
  for (const k of [0, 1])
    plot.handle({
      get: () => [state.ends[k], f([state.ends[k]])[0]],
      set: ([x]) => {
        const [from, to] = maps[state.map].x, least = (to - from) / 200, other = state.ends[1 - k];
        state.ends[k] = k === 0 ? Math.max(from + least, Math.min(x, other - least)) : Math.min(to - least, Math.max(x, other + least));
        update();
      },
      label: () => `${T(k === 0 ? 'end_left' : 'end_right')}: ${number(state.ends[k], 2)}`,
      colour: 'ink',
      step: 0.05,
    });
  /* The strip as a whole, by what lies between its ends */
  let grabbed = null;
  const inside = (x) => state.ends[0] < x && x < state.ends[1];
  plot.canvas.addEventListener('pointerdown', (e) => {
    const [x] = plot.within(e);
    if (!inside(x)) return;
    plot.canvas.setPointerCapture(e.pointerId);
    grabbed = x - state.ends[0];
  });
  plot.canvas.addEventListener('pointermove', (e) => {
    const [x] = plot.within(e), [from, to] = maps[state.map].x, least = (to - from) / 200, width = state.ends[1] - state.ends[0];
    plot.canvas.style.cursor = inside(x) ? 'grab' : '';
    if (grabbed === null) return;
    const left = Math.min(to - least - width, Math.max(from + least, x - grabbed));
    state.ends = [left, left + width];
    update();
  });
  for (const end of ['pointerup', 'pointercancel']) plot.canvas.addEventListener(end, () => (grabbed = null));

  const arrange = () => {
    const narrow = plot.holder.clientWidth < 500;
    plot.margin = narrow ? [8, 8, 112, 104] : [10, 14, 146, 178];
  };
  new ResizeObserver(() => (arrange(), plot.redraw())).observe(plot.holder);
  arrange();
  update();
  return { state, plot, update };
}
