// What the pages do better with a script. Each page works without it.
'use strict';

// Show and hide a password: <button data-reveal="id of the input" data-hide="words when it is shown" hidden>.
for (const button of document.querySelectorAll('[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal);
  if (!input) continue;
  const show = button.textContent;
  const set = (visible) => {
    input.type = visible ? 'text' : 'password';
    button.textContent = visible ? button.dataset.hide : show;
  };
  button.hidden = false;
  button.addEventListener('click', () => set(input.type === 'password'));
  // A password that is sent while it is shown would be remembered by the browser as plain text.
  input.form?.addEventListener('submit', () => set(false));
}

// Copy a text: <button data-copy="id of the element" data-copied="words when it is done" hidden>.
const copyButtons = (part) => {
  for (const button of part.querySelectorAll('[data-copy]')) {
    const source = document.getElementById(button.dataset.copy);
    if (!source || !navigator.clipboard) continue;
    const words = button.textContent;
    button.hidden = false;
    button.setAttribute('aria-live', 'polite');
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = words; }, 4000);
    });
  }
};
copyButtons(document);

// Ask a status address again and again: <div data-poll="/path" data-poll-every="seconds">, with an element
// [data-poll-text] that is role=status, and elsewhere [data-poll-note]. The answer is {"text","note","done"}.
// The text changes only when it is another: a screen reader says it once. Faults are waited out, longer each time.
for (const region of document.querySelectorAll('[data-poll]')) {
  const every = (Number(region.dataset.pollEvery) || 3) * 1000;
  const text = region.querySelector('[data-poll-text]');
  const note = document.querySelector('[data-poll-note]');
  const put = (element, words) => {
    if (element && words !== undefined && element.textContent !== words) element.textContent = words;
  };
  const ask = async (wait) => {
    try {
      const answer = await fetch(region.dataset.poll, { headers: { Accept: 'application/json' }, cache: 'no-store' });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      if (state.done) {
        location.reload();
        return;
      }
      put(text, state.text);
      put(note, state.note ?? '');
      wait = every;
    } catch {
      wait = Math.min(wait * 2, 30000);
    }
    setTimeout(ask, wait, wait);
  };
  setTimeout(ask, every, every);
}

// Ask the browser for credentials: <section data-credentials="/path" hidden> with a button and a role=status element
// [data-failed]. The path gives {"requests"} for the Digital Credentials API and takes what it answers. Where the browser has no
// such API the section stays hidden: the page shows other ways.
for (const section of document.querySelectorAll('[data-credentials]')) {
  if (!('DigitalCredential' in window) || !navigator.credentials) continue;
  const path = section.dataset.credentials;
  const [button, status] = [section.querySelector('button'), section.querySelector('[data-failed]')];
  section.hidden = false;
  button.addEventListener('click', async () => {
    button.disabled = true;
    status.textContent = '';
    try {
      const asked = await fetch(path, { headers: { Accept: 'application/json' }, cache: 'no-store' });
      const { protocol, data } = await navigator.credentials.get({ mediation: 'required', digital: await asked.json() });
      const headers = { 'Content-Type': 'application/json' };
      await fetch(path, { method: 'POST', headers, body: JSON.stringify({ protocol, data }), cache: 'no-store' });
      location.reload();
    } catch {
      status.textContent = status.dataset.failed;
      button.disabled = false;
    }
  });
}

// Look for a QR code with the camera: <div data-camera="/path" hidden> with a video, a role=status element [data-say], and the buttons
// [data-start] and [data-stop]. The path takes one picture after the other, and gives {"open"}, where to go, or {"text"}, what to
// say. Where there is no camera, or the page is not secure, it stays hidden: the page takes a picture as a file too.
for (const box of document.querySelectorAll('[data-camera]')) {
  if (!navigator.mediaDevices) continue;
  const [video, say, start, stop] = ['video', '[data-say]', '[data-start]', '[data-stop]'].map((name) => box.querySelector(name));
  const canvas = document.createElement('canvas');
  let stream;
  const show = (on, words) => {
    [video.hidden, stop.hidden, start.hidden] = [!on, !on, on];
    if (say.textContent !== words) say.textContent = words;
  };
  const end = (words) => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    show(false, words);
    start.focus();
  };
  const picture = async () => {
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext('2d').drawImage(video, 0, 0);
    const body = new FormData();
    body.append('picture', await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.9); }), 'picture.jpg');
    const answer = await fetch(box.dataset.camera, { method: 'POST', headers: { Accept: 'application/json' }, body, cache: 'no-store' });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const look = async (words) => {
    while (stream) {
      const seen = await picture();
      if (seen.open && stream) {
        location.assign(seen.open);
        return;
      }
      if (stream) show(true, seen.text ?? words);
      await new Promise((done) => { setTimeout(done, 300); });
    }
  };
  box.hidden = false;
  stop.addEventListener('click', () => end(''));
  start.addEventListener('click', async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } });
    } catch {
      end(say.dataset.failed);
      return;
    }
    try {
      video.srcObject = stream;
      show(true, say.dataset.looking);
      stop.focus();
      await video.play();
      await look(say.dataset.looking);
    } catch {
      if (stream) end(say.dataset.lost);
    }
  });
}

// Count down to the end of a page's time: <div data-countdown="seconds">. Each second changes only what no screen reader
// announces; [data-say], which is role=status, speaks a minute before the end and at the end, and [data-way] is shown then.
for (const box of document.querySelectorAll('[data-countdown]')) {
  const end = Date.now() + Number(box.dataset.countdown) * 1000;
  const [left, say, way] = ['left', 'say', 'way'].map((name) => box.querySelector(`[data-${name}]`));
  left.parentElement.hidden = false;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    if (seconds <= 60) {
      const words = seconds ? say.dataset.soon : say.dataset.over;
      if (say.textContent !== words) say.textContent = words;
      way.hidden = false;
    }
    if (seconds) setTimeout(tick, 1000);
  };
  tick();
}

// Follow what changes: <div data-events="/path">, with [data-poll-text] in it and elsewhere [data-poll-note]. The server sends
// the events note, with {"text","note"}, and changed, with the id of a part of the page. That part is asked for anew and
// put in place when it is another than before, so that what is being typed in it stays. The event added names a list, whose
// newest element stands first: what is new comes from the address in its data-from, and the rest stays as the person left it.
// A page that nobody sees does not follow: a browser opens six connections to a host, and a seventh tab would wait for ever.
for (const region of document.querySelectorAll('[data-events]')) {
  const put = (element, words) => {
    if (element && words !== undefined && element.textContent !== words) element.textContent = words;
  };
  const note = (event) => {
    const state = JSON.parse(event.data);
    put(region.querySelector('[data-poll-text]'), state.text);
    put(document.querySelector('[data-poll-note]'), state.note ?? '');
  };
  const anew = async (address, id) => {
    const answer = await fetch(address, { headers: { Accept: 'text/html' }, cache: 'no-store' });
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(id) : null;
  };
  const changed = async (event) => {
    const fresh = await anew(location.pathname, event.data);
    const here = document.getElementById(event.data);
    if (fresh && here && fresh.innerHTML !== here.innerHTML) here.replaceChildren(...fresh.childNodes);
  };
  const added = async (event) => {
    const here = document.getElementById(event.data);
    const list = here && [...(await anew(here.dataset.from, event.data))?.children ?? []];
    if (!list) return;
    const known = list.findIndex((element) => document.getElementById(element.id));
    const fresh = known < 0 ? list : list.slice(0, known);
    here.prepend(...fresh);
    for (const element of fresh) copyButtons(element);
  };
  let source;
  const follow = () => {
    source?.close();
    if (document.hidden) return;
    source = new EventSource(region.dataset.events);
    for (const [name, take] of Object.entries({ note, changed, added })) source.addEventListener(name, take);
  };
  document.addEventListener('visibilitychange', follow);
  follow();
}

// Advice on a new password while it is typed: <input data-strength="/path"> in a form with a token, and an element
// [data-strength-text] that is role=status. The answer is {"text"}. Without an answer nothing is said.
for (const input of document.querySelectorAll('[data-strength]')) {
  const text = document.querySelector('[data-strength-text]');
  let waiting;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const body = new URLSearchParams({ token: input.form.elements.token.value, new: input.value });
      try {
        const answer = await fetch(input.dataset.strength, { method: 'POST', body, cache: 'no-store' });
        text.textContent = answer.ok && input.value ? (await answer.json()).text : '';
      } catch {
        text.textContent = '';
      }
    }, 500);
  });
}

// Take a value from the fragment of the address, which no server sees: <input data-from-fragment="pattern">. It leaves the
// address, and goes along when the person changes the language.
for (const input of document.querySelectorAll('[data-from-fragment]')) {
  const value = location.hash.slice(1);
  if (!new RegExp(`^${input.dataset.fromFragment}$`).test(value)) continue;
  history.replaceState(null, '', location.pathname + location.search);
  input.value = value;
  for (const link of document.querySelectorAll('.lb-languages a')) link.hash = value;
}

// After a refused form the person starts at what is to be corrected.
document.querySelector('[data-focus]')?.focus();

// Go on by itself when the page and all its frames have loaded: <a href="address" data-continue>.
const onward = document.querySelector('a[data-continue]');
if (onward) addEventListener('load', () => location.assign(onward.href));
