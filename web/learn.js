/* Chapter 5: a flow is trained while it is looked at. One worker trains and sends snapshots of the parameters;
 * another evaluates what is drawn with the last of them (worker.js). */
const FAMILY_NAMES = { realnvp: 'RealNVP', glow: 'Glow' }; // others: MAF, Single-scale
const familyName = (v) => FAMILY_NAMES[v] ?? (v.length < 5 ? v.toUpperCase() : v[0].toUpperCase() + v.slice(1));
const OWN = 'own', POINTS = 20000;
const HELD_OUT = 4096; // points for the entropy, those of chapter 5

function learnPanel(library, bytes, source) {
  const m = { toy: 'moons', family: 'realnvp', steps: 8, width: 32, rate: 0.003, seed: 1, speed: 0, batch: 128,
    running: false, layer: Infinity, probe: [0, 0], step: 0, loss: [], smooth: [], frames: 0,
    data: new Float32Array(0), entropy: NaN, picture: null, worked: null };
  let generation = 0, wanted = -1, asked = false, again = false, sent = 0, model = null;
  const plots = learnPlots(m);

  const train = openWorker(bytes, source, {
    snapshot(s) {
      if (s.generation !== generation) return;
      Object.assign(m, { step: s.step, worked: s });
      for (const l of s.loss) {
        m.loss.push(l);
        const before = m.smooth.at(-1) ?? l;
        m.smooth.push(before + (0.04 / (1 - 0.96 ** m.loss.length)) * (l - before)); // a moving average, unbiased
      }
      if (s.error) failed({ message: s.error });
      else if (wanted >= 0 && s.step >= wanted) wanted = -1;
      look();
    },
    failed,
  });
  function failed({ message }) {
    $('#learn-error').textContent = message;
    setRunning(false);
  }

  /* --- a frame ------------------------------------------------------------------------------------ */

  const view = openWorker(bytes, source, {
    picture(p) {
      asked = false;
      if (again) look();
      if (p.generation === generation) (m.picture = p), draw();
    },
    failed(e) {
      asked = false;
      failed(e);
    },
  });
  /* One picture is asked for at a time. */
  const look = onFrame(() => {
    if ((again = asked)) return;
    const points = new Float32Array(2 + Math.min(m.data.length, 2 * SHOWN));
    points.set(m.probe);
    points.set(m.data.subarray(0, 2 * SHOWN), 2);
    const { parameters, constants } = m.worked ?? {};
    view('draw', { generation, model, parameters, constants, points, ...plots.wanted() });
    asked = true;
  });
  const draw = onFrame(() => {
    plots.draw();
    readouts();
    m.frames++;
  });
  function readouts() {
    const l = m.smooth.at(-1), slider = $('#learn-layer'), names = m.picture?.layers ?? [], K = names.length;
    const at = Math.min(m.layer, K);
    slider.max = K;
    slider.value = at;
    show({
      learn_step: String(m.step),
      learn_loss: l === undefined ? '–' : number(l, 3),
      learn_entropy: number(m.entropy, 3),
      learn_kl: l === undefined ? '–' : number(l - m.entropy, 3),
      learn_speed: m.worked?.busy > 0 ? String(Math.round((1000 * m.worked.counted) / m.worked.busy)) : '–',
      learn_parameters: String(m.picture?.parameters ?? '–'),
      learn_layer: at === 0 ? T('layer_before') : fill(T('layer_after'), { k: at, K, name: T('layer_' + names[at - 1]) }),
    });
    slider.setAttribute('aria-valuetext', $('[data-value="learn_layer"]').textContent);
  }

  /* --- control ------------------------------------------------------------------------------------ */

  function setRunning(on) {
    m.running = on;
    $('#learn-run').textContent = T(on ? 'pause' : 'train');
  }
  const enough = () => {
    if (m.data.length >= 2 * m.batch) return true;
    failed({ message: fill(T('few_points'), { n: m.batch, k: m.data.length / 2 }) });
    return false;
  };

  function restart() {
    generation++;
    const { family, steps, width, seed, rate, batch } = m, isOwn = m.toy === OWN, toy = library.toys.indexOf(m.toy);
    setRunning(false);
    wanted = -1;
    $('#learn-error').textContent = '';
    $('#learn-clear').hidden = !isOwn;
    const caption = $('[data-t^="learn_density"]');
    caption.dataset.t = isOwn ? 'learn_density_own' : 'learn_density';
    caption.textContent = T(caption.dataset.t);
    own.show(isOwn);
    Object.assign(m, { step: 0, loss: [], smooth: [], layer: Infinity, picture: null, worked: null,
      data: isOwn ? own.points : library.toyPoints(toy, seed, POINTS), entropy: isOwn || family === 'fm' ? NaN : library.toyEntropy(toy, HELD_OUT) });
    m.probe = m.data.length ? [...m.data.subarray(0, 2)] : [0.5, -1];
    plots.fit();
    model = { family: library.families.indexOf(family), steps, width, seed };
    draw();
    look();
    if (m.data.length >= 2 * batch) train('start', { generation, model, settings: { rate, batch, seed }, x: m.data });
    else train('run', { on: false });
  }

  function run(on) {
    if (on && !enough()) return;
    wanted = -1;
    setRunning(on);
    train('run', { on, limit: m.speed });
  }
  function steps(n) {
    if (!enough()) return;
    if (m.running) run(false);
    wanted = Math.max(wanted, m.step) + n;
    train('steps', { n });
  }

  const options = (id, values, name, key, then) => {
    const select = $(id);
    const write = () => select.replaceChildren(...values.map((v) => new Option(name(v), v, false, v === m[key])));
    changed.push(write);
    select.onchange = () => {
      m[key] = typeof values[0] === 'number' ? Number(select.value) : select.value;
      then();
    };
  };
  options('#learn-toy', [...library.toys, OWN], (v) => (TEXT['toy_' + v] ? T('toy_' + v) : v), 'toy', restart);
  options('#learn-family', library.families, familyName, 'family', restart);
  options('#learn-steps', [1, 2, 4, 6, 8, 12, 16], String, 'steps', restart);
  options('#learn-width', [8, 16, 32, 64], String, 'width', restart);
  options('#learn-rate', [0.0003, 0.001, 0.003, 0.01], String, 'rate', () => train('rate', { rate: m.rate }));
  options('#learn-speed', [0, 100, 10], (v) => T('speed_' + v), 'speed', () => m.running && run(true));
  numberField($('#learn-seed'), { get: () => m.seed, set: (v) => ((m.seed = Math.round(v)), restart(), $('#learn-seed').refresh()), step: 1 });
  $('#learn-run').onclick = () => run(!m.running);
  $('#learn-one').onclick = () => steps(1);
  $('#learn-hundred').onclick = () => steps(100);
  $('#learn-restart').onclick = restart;
  $('#learn-layer').oninput = ({ target }) => {
    m.layer = target.value === target.max ? Infinity : Number(target.value);
    draw();
  };
  $('#learn-clear').onclick = () => {
    own.clear();
    restart();
  };
  changed.push(() => (setRunning(m.running), draw()));

  plots.density.handle({
    get: () => m.probe,
    set: (x) => ((m.probe = x), plots.density.redraw(), look()),
    label: () => `${T('handle_trace')} ${point(m.probe)}`,
    colour: 'ink',
  }).button.classList.add('ring');

  /* Training goes on while one draws. */
  const own = drawOwn(plots.density, {
    on: () => m.toy === OWN,
    changed(points) {
      const first = m.data.length < 2 * m.batch;
      m.data = points;
      look();
      if (points.length < 2 * m.batch) return;
      if (first) restart();
      else if (performance.now() - sent > 100) {
        sent = performance.now();
        train('points', { x: points });
      }
    },
  });

  restart();
  return { state: m, plots, restart, run, steps };
}
