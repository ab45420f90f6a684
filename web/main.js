/* Opens the library in double and in float, and starts the panels. The tests reach them through `page`;
 * index.html?test opens the self-test at once. */
const page = {};

function notesDialog(notes) {
  const dialog = $('#notes');
  for (const button of $$('button.notes')) {
    const name = () => (button.textContent = `${T('notes')} ${button.dataset.notes}`);
    changed.push(name);
    button.onclick = () => {
      $('.text', dialog).innerHTML = notes[language() === 'zh' ? 'zh' : 'en'][button.dataset.notes];
      dialog.showModal();
      dialog.scrollTop = 0;
    };
  }
  $('.close', dialog).onclick = () => dialog.close();
  dialog.onclick = (e) => e.target === dialog && dialog.close();
}

/* An equation that is wider than the page is set smaller, to 0.7 of its size at most; what is wider still
 * scrolls. */
function fitEquations() {
  for (const e of $$('.equations .equation')) {
    e.style.fontSize = '';
    const part = e.clientWidth / e.scrollWidth;
    if (part < 1) e.style.fontSize = Math.max(0.7, 0.99 * part) + 'em';
  }
}

/* The panel on the screen is marked in the bar at the top. */
function markPanel() {
  const links = new Map($$('#top nav a').map((a) => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries)
      if (e.isIntersecting) links.forEach((a, id) => (id === e.target.id ? a.setAttribute('aria-current', 'true') : a.removeAttribute('aria-current')));
  }, { rootMargin: '-45% 0px -50% 0px' });
  $$('section.panel').forEach((s) => seen.observe(s));
}

async function start() {
  const theme = remembered('theme');
  if (theme) document.documentElement.dataset.theme = theme;
  const [doubleBytes, floatBytes, golden, notes] = await Promise.all([unpack('double'), unpack('float'), unpackText('golden').then(JSON.parse), unpackText('notes').then(JSON.parse)]);
  const [double, float] = await Promise.all([openLibrary(doubleBytes, 'double'), openLibrary(floatBytes, 'float')]);
  page.double = double;
  page.float = float;
  const first = remembered('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
  document.documentElement.lang = first === 'zh' ? 'zh-CN' : 'en';

  notesDialog(notes);
  page.line = linePanel(double);
  page.affine = affinePanel(double);
  page.coupling = couplingPanel(double);
  page.learn = learnPanel(float, floatBytes, [await unpackText('shared'), await unpackText('worker')].join('\n'));
  page.digits = digitsPanel(float, await unpack('flow'), await unpack('images'));
  page.selftest = selftestPanel(double, golden);
  markPanel();
  new ResizeObserver(onFrame(fitEquations)).observe($('main'));

  $('#language').onclick = () => setLanguage(language() === 'zh' ? 'en' : 'zh');
  $('#theme').onclick = () => setTheme(dark() ? 'light' : 'dark');
  systemDark.addEventListener('change', () => setTheme());
  changed.push(() => {
    const other = language() === 'zh' ? ['English', 'en'] : ['中文', 'zh-CN'];
    Object.assign($('#language'), { textContent: other[0], lang: other[1] });
    $('footer p').textContent = fill(T('footer'), { v: double.version });
  });
  setLanguage(first);
  setTheme();
  if (new URLSearchParams(location.search).has('test')) {
    $('#selftest-details').open = true;
    $('#selftest').scrollIntoView();
  }
  document.documentElement.dataset.ready = 'yes';
}
