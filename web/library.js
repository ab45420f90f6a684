/* The library as WebAssembly: openLibrary(bytes, 'double' or 'float') gives its functions with arrays of
 * JavaScript as arguments. A call that fails throws the library's own line. Samples are (n, D), row by
 * row; log-dets and log-densities are in nats. The page and the worker that trains both use it. */
async function openLibrary(bytes, precision) {
  const module = await WebAssembly.compile(bytes);
  const imports = {};
  const ENOSYS = 52; // there are no files here: the library calls none of these
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = () => ENOSYS;
  const c = (await WebAssembly.instantiate(module, imports)).exports;
  c._initialize();
  const Real = precision === 'float' ? Float32Array : Float64Array;

  const view = (Type, at, n) => new Type(c.memory.buffer, at, n);
  function text(at) {
    const bytes = new Uint8Array(c.memory.buffer, at);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }
  function names(list) {
    const all = [];
    for (let i = 0, at; (at = list(i)) !== 0; i++) all.push(text(at));
    return all;
  }
  const fail = () => {
    throw new Error(text(c.page_error()));
  };
  const check = (status) => status === 0 || fail();
  const made = (pointer) => pointer || fail();

  /* run(pointers…) with arrays in the module's memory, where a typed array is copied; [Type, n] is room
   * for a result, [array] is changed in place. Results come back in their order. */
  function call(run, ...arrays) {
    const type = (a) => (!Array.isArray(a) ? a.constructor : a.length === 1 ? a[0].constructor : a[0]);
    const size = (a) => (!Array.isArray(a) ? a.length : a.length === 1 ? a[0].length : a[1]);
    const at = arrays.map((a) => c.page_alloc(8 + size(a) * type(a).BYTES_PER_ELEMENT));
    arrays.forEach((a, i) => {
      const given = Array.isArray(a) ? a.length === 1 && a[0] : a;
      if (given) view(type(a), at[i], size(a)).set(given);
    });
    try {
      run(...at);
      return arrays.flatMap((a, i) => (Array.isArray(a) ? [view(type(a), at[i], size(a)).slice()] : []));
    } finally {
      at.forEach(c.page_free);
    }
  }
  const real = (x) => (x instanceof Real ? x : Real.from(x));

  return {
    precision,
    Real,
    version: text(c.page_version()),
    families: names(c.page_family),
    scales: names(c.page_scale),
    toys: names(c.page_toy),

    model: ({ family, shape = [1, 1, 2], levels = 1, steps, width, scale = -1, bins = 0, alpha = 0, seed = 1 }) =>
      made(c.page_model(family, ...shape, levels, steps, width, scale, bins, alpha, seed)),
    affine: (d) => made(c.page_affine(d)),
    coupling: () => made(c.page_coupling()),
    line: (which) => made(c.page_line(which)),
    free: c.page_flow_free,
    parameters: (f) => view(Real, c.page_param(f), c.page_n_param(f)),
    constants: (f) => view(Real, c.page_constant(f), c.page_n_constant(f)),
    tensor(f, path) {
      const bytes = new TextEncoder().encode(path + '\0');
      let data;
      call((at) => {
        const tensor = c.page_tensor(f, at);
        if (tensor === 0) throw new Error(`no tensor is called ${path}`);
        data = view(Real, c.page_tensor_data(tensor), c.page_tensor_size(tensor));
      }, bytes);
      return data;
    },

    initialise: (f, x) => call((at) => check(c.page_init(f, x.length / c.page_dim(f), at)), real(x)),
    logProb(f, x, draw = 0) {
      const n = x.length / c.page_dim(f);
      return call((at, logP) => check(c.page_log_prob(f, n, at, draw, logP)), real(x), [Float64Array, n])[0];
    },
    forward(f, x) {
      const n = x.length / c.page_dim(f);
      const [z, logDet] = call((at, z, l) => check(c.page_forward(f, n, at, z, l)), real(x), [Real, x.length], [Float64Array, n]);
      return { z, logDet };
    },
    inverse(f, z) {
      const n = z.length / c.page_dim(f);
      const [x, logDet] = call((at, x, l) => check(c.page_inverse(f, n, at, x, l)), real(z), [Real, z.length], [Float64Array, n]);
      return { x, logDet };
    },
    sample: (f, n, seed, temperature) =>
      call((x) => check(c.page_sample(f, n, seed, temperature, x)), [Real, n * c.page_dim(f)])[0],

    layers: (f) => Array.from({ length: c.page_layers(f) }, (_, k) => text(c.page_layer(f, k))),
    /* After each layer k = 0 … K: the points, and the sum of their log-dets so far. */
    trace(f, x) {
      const n = x.length / c.page_dim(f);
      const rows = [{ x: real(x).slice(), logDet: new Float64Array(n) }];
      for (let k = 0; k < c.page_layers(f); k++) {
        const before = rows[k];
        const [y, logDet] = call((at, l) => check(c.page_through(f, k, n, at, l)), [before.x], [before.logDet]);
        rows.push({ x: y, logDet });
      }
      return rows;
    },

    toyPoints: (i, seed, n) => call((x) => c.page_toy_points(i, seed, n, x), [Real, 2 * n])[0],
    toyEntropy: (i, n) => c.page_toy_entropy(i, n),

    trainer: (f, { rate, batch, seed }) => made(c.page_trainer_new(f, rate, batch, seed)),
    freeTrainer: c.page_trainer_free,
    setRate: (t, rate) => check(c.page_trainer_rate(t, rate)),
    /* The losses of `steps` steps on the points at `x`, a pointer that `keep` gave. */
    train(t, n, x, steps) {
      let done = 0;
      const [loss] = call((at) => (done = c.page_train(t, n, x, steps, at)), [Float64Array, steps]);
      return { loss: loss.subarray(0, done), error: done < steps ? text(c.page_error()) : null };
    },
    keep(x) {
      const at = c.page_alloc(x.length * Real.BYTES_PER_ELEMENT);
      view(Real, at, x.length).set(x);
      return at;
    },
    release: c.page_free,

    selftest() {
      const n = c.page_selftest();
      if (n === 0) fail();
      return Array.from({ length: n }, (_, i) => [text(c.page_selftest_name(i)), c.page_selftest_value(i)]);
    },
  };
}
