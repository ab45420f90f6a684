/* The first script: inflates what the page carries, gzip in base64, and runs the page's own scripts from
 * it. unpack(name) gives the bytes of a part. */
function failed(message) {
  const line = document.querySelector('#failure');
  line.textContent = message;
  line.hidden = false;
}
addEventListener('error', (e) => failed(e.message));
addEventListener('unhandledrejection', (e) => failed(e.reason?.message ?? String(e.reason)));

async function unpack(name) {
  const bytes = Uint8Array.from(atob(document.querySelector('#data-' + name).textContent), (c) => c.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());
}
const unpackText = async (name) => new TextDecoder().decode(await unpack(name));

async function boot() {
  if (!window.DecompressionStream || !window.WebAssembly)
    return failed('This page needs a browser of 2023 or later. 本页需要 2023 年或更新的浏览器。');
  for (const name of ['shared', 'page']) {
    const script = document.createElement('script');
    script.textContent = await unpackText(name);
    document.head.append(script);
  }
  await start();
}
boot();
