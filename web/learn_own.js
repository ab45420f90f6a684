/* Data of one's own: points with a little noise around the pointer where it draws, or around the pen, which
 * the arrow keys move, at Space. changed(points) is told. */
function drawOwn(plot, { on, changed }) {
  const SD = 0.08, MOST = 2 * 20000;
  let points = [], pen = [0, 0], previous = null;
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

  function drop(at, n) {
    for (let i = 0; i < n; i++) points.push(at[0] + SD * normal(), at[1] + SD * normal());
    if (points.length > MOST) points.splice(0, points.length - MOST);
  }
  /* In a random order, since a plot shows the first of them */
  function shuffled() {
    const x = Float32Array.from(points);
    for (let i = x.length / 2 - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      for (const k of [0, 1]) [x[2 * i + k], x[2 * j + k]] = [x[2 * j + k], x[2 * i + k]];
    }
    return x;
  }
  const tell = () => changed(shuffled());

  plot.canvas.addEventListener('pointerdown', (e) => {
    if (!on()) return;
    plot.canvas.setPointerCapture(e.pointerId);
    drop((previous = plot.within(e)), 12);
    tell();
  });
  plot.canvas.addEventListener('pointermove', (e) => {
    if (!previous) return;
    const to = plot.within(e), n = Math.ceil(Math.hypot(to[0] - previous[0], to[1] - previous[1]) / 0.1);
    for (let k = 1; k <= n; k++) drop(previous.map((v, i) => v + ((to[i] - v) * k) / n), 8);
    previous = to;
    tell();
  });
  for (const end of ['pointerup', 'pointercancel']) plot.canvas.addEventListener(end, () => (previous = null));

  const handle = plot.handle({ get: () => pen, set: (x) => ((pen = x), plot.redraw()), label: () => `${T('pen')} ${point(pen)}`, colour: 'z' });
  handle.button.addEventListener('keydown', (e) => {
    if (e.key !== ' ' && e.key !== 'Enter') return;
    e.preventDefault();
    drop(pen, 40);
    tell();
  });
  return {
    get points() { return shuffled(); },
    show(visible) {
      handle.button.hidden = !visible;
      plot.holder.style.touchAction = visible ? 'none' : '';
    },
    clear() { points = []; },
  };
}
