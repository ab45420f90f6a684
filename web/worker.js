/* The library in a thread beside the page. The page has two: one trains, the other evaluates what is drawn,
 * so that the page itself only draws and answers at once, however slow the model. It sends
 *
 *   open    bytes of the library
 *   start   model, settings, points                  →  a snapshot; snapshots have its generation
 *   points, rate, run, steps                         from the next step on
 *   draw    model, parameters, constants, points     →  a picture
 *
 * Snapshots have the parameters and constants after `step` steps, and the losses since the last; pictures
 * what learn_plots.js draws. `failed` comes with the library's line. */
let library, flow, trainer, points = null;
let running = false, wanted = 0, perSecond = 0; // run until told otherwise; so many steps; 0: no limit
let generation = 0, step = 0, losses = [], posted = 0, busy = 0, counted = 0, ticking = false;

const soon = new MessageChannel();
soon.port1.onmessage = tick;

function setPoints(x) {
  if (points) library.release(points.at);
  points = { at: library.keep(x), n: x.length / 2 };
}

function snapshot(error = null) {
  const parameters = library.parameters(flow).slice(), constants = library.constants(flow).slice();
  const loss = Float64Array.from(losses);
  postMessage({ type: 'snapshot', generation, step, parameters, constants, loss, busy, counted, error },
    [parameters.buffer, constants.buffer, loss.buffer]);
  losses = [];
  posted = performance.now();
}

function tick() {
  ticking = false;
  if (!running && wanted === 0) return;
  const begin = performance.now();
  const few = busy > 0 ? Math.max(1, Math.min(16, Math.floor((6 * counted) / busy))) : 1; // as many as take 6 ms
  let error = null;
  do {
    const limit = running && perSecond > 0 ? 1 : few;
    const steps = wanted > 0 ? Math.min(wanted, limit) : limit;
    const done = library.train(trainer, points.n, points.at, steps);
    losses.push(...done.loss);
    step += done.loss.length;
    counted += done.loss.length;
    if (wanted > 0) wanted -= steps;
    error = done.error;
  } while (!error && (running || wanted > 0) && !perSecond && performance.now() - begin < 6);
  busy += performance.now() - begin;
  if (error) running = false, wanted = 0;
  const over = !running && wanted === 0;
  if (error || over || performance.now() - posted > 18) snapshot(error);
  if (!over) again();
}

function again() {
  if (ticking) return;
  ticking = true;
  if (running && perSecond > 0) setTimeout(tick, 1000 / perSecond);
  else soon.port2.postMessage(0);
}

const receive = {
  async open({ bytes }) {
    library = await openLibrary(bytes, 'float');
  },
  start({ generation: of, model, settings, x }) {
    generation = of;
    if (trainer) library.freeTrainer(trainer);
    if (flow) library.free(flow);
    flow = library.model(model);
    setPoints(x);
    library.initialise(flow, x.subarray(0, 2 * Math.min(1000, points.n)));
    trainer = library.trainer(flow, settings);
    running = false, wanted = 0, step = 0, losses = [], busy = 0, counted = 0;
    snapshot();
  },
  points({ x }) { setPoints(x); },
  rate({ rate }) { if (trainer) library.setRate(trainer, rate); },
  run({ on, limit }) {
    running = on, perSecond = limit, wanted = 0;
    if (running) again();
  },
  steps({ n }) {
    running = false, wanted += n;
    again();
  },
  draw({ generation: of, model, parameters, constants, points: x, cells, grid, n }) {
    if (generation !== of) {
      if (flow) library.free(flow);
      flow = library.model(model);
      generation = of;
    }
    if (parameters) {
      library.parameters(flow).set(parameters);
      library.constants(flow).set(constants);
    }
    const logP = library.logProb(flow, cells); // prepares the layers that the trace walks through
    postMessage({ type: 'picture', generation, logP, rows: library.trace(flow, x), grid: library.inverse(flow, grid).x,
      samples: library.sample(flow, n, 1, 1), layers: library.layers(flow), parameters: library.parameters(flow).length });
  },
};
let before = Promise.resolve(); // a message waits for those before it: the library is open first
onmessage = ({ data }) => {
  before = before.then(() => receive[data.type](data)).catch((e) => {
    running = false, wanted = 0;
    postMessage({ type: 'failed', message: e.message });
  });
};
