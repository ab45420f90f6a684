/* A worker, as the page holds it. It is made from its text, so that it also runs from a file;
 * receive[type] gets its messages. */
function openWorker(bytes, source, receive) {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  worker.onmessage = ({ data }) => receive[data.type](data);
  worker.onerror = (e) => receive.failed(e);
  const send = (type, message = {}) => worker.postMessage({ type, ...message });
  send('open', { bytes });
  return send;
}
