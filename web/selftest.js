/* The numbers of the golden files of chapters 1 to 4 beside those that the library computes here. */
function selftestPanel(library, golden) {
  const required = new Map(golden.map(([name, value, tolerance]) => [name, { value, tolerance }]));
  const rows = library.selftest().map(([name, here]) => {
    const r = required.get(name) ?? { value: NaN, tolerance: 0 };
    required.delete(name);
    const difference = Math.abs(here - r.value);
    return { name, required: r.value, here, difference, ok: difference <= r.tolerance };
  });
  for (const [name, { value }] of required) rows.push({ name, required: value, here: NaN, difference: NaN, ok: false });

  const wrong = rows.filter((r) => !r.ok).length, largest = Math.max(...rows.map((r) => (Number.isNaN(r.difference) ? Infinity : r.difference)));
  const plain = (v) => (Number.isNaN(v) ? '–' : String(v).replace('-', '−'));
  for (const r of rows) {
    const row = element('tr', { className: r.ok ? '' : 'wrong' });
    for (const text of [r.name.replace(':', ' '), plain(r.required), plain(r.here), scientific(r.difference)])
      row.append(element('td', { textContent: text }));
    $('#selftest-rows').append(row);
  }
  const verdict = () => {
    const text = wrong === 0 ? T('selftest_ok') : T('selftest_bad');
    show({ selftest_verdict: fill(text, { n: rows.length, k: wrong, d: scientific(largest) }) });
  };
  changed.push(verdict);
  return { rows, wrong, largest };
}
