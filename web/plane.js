/* What the worked examples share: log p as a sum of its terms (NOTES (1.7)), term by term. */
const SUM_LABELS = {
  total: 'log <i>p<sub>X</sub></i>(<i>x</i>)',
  norm: '½ <math><msup><mrow><mo stretchy="false" lspace="0" rspace="0">‖</mo><mi>z</mi><mo stretchy="false" lspace="0" rspace="0">‖</mo></mrow><mn>2</mn></msup></math>',
  constant: 'log 2π',
  affine: 'log |det <i>A</i>|',
  coupling: '<i>s</i>(<i>x</i>₁)',
};

function makeSum(holder, logDetLabel) {
  const term = (name, label, className = '') => {
    const value = element('span', { className: 'value ' + className });
    value.dataset.value = name;
    const box = element('span', { className: 'term ' + name });
    box.innerHTML = `<span class="label">${label}</span>`;
    box.append(value);
    return box;
  };
  const sign = (text, name) => {
    const s = element('span', { className: 'sign', textContent: text });
    if (name) s.dataset.value = name;
    return s;
  };
  holder.append(term('total', SUM_LABELS.total), sign('= −'), term('norm', SUM_LABELS.norm, 'z'), sign('−'),
    term('constant', SUM_LABELS.constant), sign('+', 'sign'), term('logdet', logDetLabel, 'det'));
  return ({ logP, logDet, z }) => {
    const norm = (z[0] * z[0] + z[1] * z[1]) / 2;
    show({ total: number(logP), norm: number(norm), constant: number(-(logP - logDet + norm)), logdet: number(Math.abs(logDet)), sign: logDet < 0 ? '−' : '+' }, holder);
  };
}

/* The lines of a square grid over both ranges, each as points x₁, y₁, x₂, y₂, … close to one another */
function gridLines([x0, x1], [y0, y1], step, parts = 60) {
  const lines = [];
  const many = (f) => Float64Array.from({ length: 2 * (parts + 1) }, (_, i) => f(Math.floor(i / 2) / parts)[i % 2]);
  for (let x = x0; x <= x1 + 1e-9; x += step) lines.push({ across: false, at: x, points: many((t) => [x, y0 + t * (y1 - y0)]) });
  for (let y = y0; y <= y1 + 1e-9; y += step) lines.push({ across: true, at: y, points: many((t) => [x0 + t * (x1 - x0), y]) });
  return lines;
}
/* All lines through a map in one call */
function mapLines(lines, map) {
  const all = new Float64Array(lines.reduce((n, l) => n + l.points.length, 0));
  let at = 0;
  for (const l of lines) all.set(l.points, at), at += l.points.length;
  const mapped = map(all);
  at = 0;
  return lines.map((l) => ({ ...l, mapped: mapped.subarray(at, (at += l.points.length)) }));
}
