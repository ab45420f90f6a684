/* Chapter 3: z₁ = x₁, z₂ = x₂·exp(s(x₁)) + t(x₁) with linear s and t. A square grid of the data and its
 * image, both coloured by the log-det, which is s(x₁). */
function couplingPanel(library) {
  const start = { s: 0.5, t: 0.2, x: [0.5, -1] };
  const state = structuredClone(start);
  const flow = library.coupling();
  const range = [-3.2, 3.2], N = 80;
  let z = [0, 0];
  const lines = gridLines([-3, 3], [-3, 3], 0.5);

  const planeX = new Plot($('#coupling-x'), { x: range, y: range, names: ['x₁', 'x₂'], draw: (p) => drawGrid(p, 'points') });
  const planeZ = new Plot($('#coupling-z'), { x: range, y: range, names: ['z₁', 'z₂'], draw: (p) => drawGrid(p, 'mapped') });
  const identity = library.affine(2);

  function drawGrid(p, which) {
    p.density(library.logProb(which === 'points' ? flow : identity, p.cells(N)), N, which === 'points' ? 'x' : 'z', 0.35);
    for (const l of mapLines(lines, (x) => library.forward(flow, x).z)) {
      if (!l.across) {
        p.path(l[which]);
        p.stroke(logDetColour(state.s * l.at), 2);
        continue;
      }
      for (let i = 0; i + 3 < l.points.length; i += 2) {
        p.path(l[which].subarray(i, i + 4));
        p.stroke(logDetColour(state.s * l.points[i]), 1.4);
      }
    }
  }

  const sum = makeSum($('#coupling-sum'), SUM_LABELS.coupling);
  function update() {
    library.parameters(flow).set([state.s, state.t, 0, 0]);
    const { z: zs, logDet } = library.forward(flow, state.x);
    z = [...zs];
    const back = library.inverse(flow, z).x;
    const error = Math.hypot(back[0] - state.x[0], back[1] - state.x[1]);
    const h = 1e-4; // ∂z₂/∂x₁ by a central difference of the map itself
    const beside = library.forward(flow, [state.x[0] + h, state.x[1], state.x[0] - h, state.x[1]]).z;
    show({
      coupling_z: point(z, 4),
      coupling_back: point(back, 4),
      coupling_roundtrip: scientific(error),
      j11: number(1),
      j12: number(0),
      j21: number((beside[1] - beside[3]) / (2 * h)),
      j22: number(Math.exp(logDet[0])),
      coupling_det: number(Math.exp(logDet[0])),
    });
    sum({ logP: library.logProb(flow, state.x)[0], logDet: logDet[0], z });
    inputs.forEach((i) => i.refresh());
    planeX.redraw();
    planeZ.redraw();
  }

  const field = (id, get, set, step) => {
    numberField($(id), { get, set: (v) => (set(v), update()), step });
    return $(id);
  };
  const inputs = [
    field('#s-slope', () => state.s, (v) => (state.s = v), 0.05),
    field('#t-slope', () => state.t, (v) => (state.t = v), 0.05),
    field('#coupling-x1', () => state.x[0], (v) => (state.x[0] = v), 0.1),
    field('#coupling-x2', () => state.x[1], (v) => (state.x[1] = v), 0.1),
  ];
  planeX.handle({ get: () => state.x, set: (x) => (state.x.splice(0, 2, ...x), update()), label: () => `${T('handle_x')} ${point(state.x)}`, colour: 'x' });
  planeZ.handle({
    get: () => z,
    set: (to) => (state.x.splice(0, 2, ...library.inverse(flow, to).x), update()),
    label: () => `${T('handle_z')} ${point(z)}`,
    colour: 'z',
  });
  $('#coupling-reset').onclick = () => {
    Object.assign(state, structuredClone(start));
    update();
  };
  update();
  return { state, update };
}
