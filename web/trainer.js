/* The worker that trains, as the page holds it. It is made from its text, so that it also runs from a file. `ready` is kept when the library is open in it. */
function openTrainer(bytes, source, { snapshot, failed }) {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  let opened;
  const ready = new Promise((resolve) => (opened = resolve));
  worker.onmessage = ({ data }) => {
    if (data.type === 'ready') opened();
    else if (data.type === 'snapshot') snapshot(data);
    else failed(data.message);
  };
  worker.onerror = (e) => failed(e.message);
  const send = (type, message = {}) => worker.postMessage({ type, ...message });
  send('open', { bytes });
  return { ready, send };
}
