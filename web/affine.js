/* Chapter 2: z = A x + b on two planes of one scale. The density of the data is on the left, the base
 * density on the right; the unit square and its image show det A. */
function affinePanel(library) {
  const start = { A: [2, 0.5, 0.1, 1.5], b: [0.3, -0.2], x: [0.5, -1] };
  const state = structuredClone(start);
  const flow = library.affine(2), identity = library.affine(2);
  const range = [-3.2, 3.2], N = 80;
  let z = [0, 0], broken = null;

  const planeX = new Plot($('#affine-x'), { x: range, y: range, names: ['x₁', 'x₂'], draw: drawX });
  const planeZ = new Plot($('#affine-z'), { x: range, y: range, names: ['z₁', 'z₂'], draw: drawZ });
  const square = [0, 0, 1, 0, 1, 1, 0, 1];
  const cells = () => planeX.cells(N);

  function drawX(p) {
    p.graph();
    if (!broken) p.density(library.logProb(flow, cells()), N, 'x', Math.max(0.16, 0.16 * Math.abs(det())));
    unit(p, square, 'x');
  }
  function drawZ(p) {
    p.graph();
    p.density(library.logProb(identity, cells()), N, 'z', 0.16);
    const { A, b } = state, image = [];
    for (let i = 0; i < 8; i += 2) image.push(A[0] * square[i] + A[1] * square[i + 1] + b[0], A[2] * square[i] + A[3] * square[i + 1] + b[1]);
    unit(p, image, 'z');
  }
  function unit(p, corners, colour) {
    p.path(corners, true);
    p.fill('det', 0.28);
    p.path(corners, true);
    p.stroke('det', 1.5);
    const origin = corners.slice(0, 2);
    p.arrow(origin, corners.slice(2, 4), colour, 2.5);
    p.arrow(origin, corners.slice(6, 8), colour, 2.5);
    const area = colour === 'x' ? '1' : number(Math.abs(det()), 2);
    p.text(area, (corners[0] + corners[4]) / 2, (corners[1] + corners[5]) / 2, 'ink', { align: 'center', font: `600 17px ${ink('sans')}` });
  }
  const det = () => state.A[0] * state.A[3] - state.A[1] * state.A[2];

  const sum = makeSum($('#affine-sum'), SUM_LABELS.affine);
  function update() {
    library.parameters(flow).set([...state.A, ...state.b]);
    try {
      const { z: zs, logDet } = library.forward(flow, state.x);
      z = [...zs];
      broken = null;
      show({ affine_z: point(z, 4), affine_det: number(det()) });
      sum({ logP: library.logProb(flow, state.x)[0], logDet: logDet[0], z });
    } catch (e) {
      broken = e.message;
      show({ affine_z: '–', affine_det: number(det()) });
      sum({ logP: NaN, logDet: NaN, z: [NaN, NaN] });
    }
    inputs.forEach((i) => i.refresh());
    planeX.redraw();
    planeZ.redraw();
  }
  const set = (list, i) => (v) => {
    list[i] = v;
    update();
  };

  const inputs = ['a11', 'a12', 'a21', 'a22'].map((id, i) => [id, 'A', i])
    .concat([['b1', 'b', 0], ['b2', 'b', 1], ['affine-x1', 'x', 0], ['affine-x2', 'x', 1]])
    .map(([id, list, i]) => {
      const input = $('#' + id);
      numberField(input, { get: () => state[list][i], set: set(state[list], i), step: list === 'A' ? 0.05 : 0.1 });
      return input;
    });
  planeX.handle({ get: () => state.x, set: (x) => (state.x.splice(0, 2, ...x), update()), label: () => `${T('handle_x')} ${point(state.x)}`, colour: 'x' });
  for (const k of [0, 1])
    planeZ.handle({
      get: () => [state.A[k] + state.b[0], state.A[2 + k] + state.b[1]],
      set: (p) => {
        state.A[k] = Number((p[0] - state.b[0]).toFixed(4));
        state.A[2 + k] = Number((p[1] - state.b[1]).toFixed(4));
        update();
      },
      label: () => `${T('column_' + (k + 1))} ${point([state.A[k], state.A[2 + k]])}`,
      colour: 'det',
    });
  planeZ.handle({ get: () => state.b, set: (b) => (state.b.splice(0, 2, ...b), update()), label: () => `${T('bias')} ${point(state.b)}`, colour: 'det' });
  planeZ.handle({
    get: () => (broken ? [0, 0] : z),
    set: (to) => {
      if (broken) return;
      state.x.splice(0, 2, ...library.inverse(flow, to).x);
      update();
    },
    label: () => `${T('handle_z')} ${point(z)}`,
    colour: 'z',
  });
  $('#affine-reset').onclick = () => {
    for (const k of ['A', 'b', 'x']) state[k].splice(0, 9, ...start[k]);
    update();
  };
  update();
  return { state, update };
}
