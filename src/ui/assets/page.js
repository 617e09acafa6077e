// What every page does in the browser: refresh in place, copy, read charts. Everything works without it.
(() => {
  'use strict';

  // Refresh in place. Not while a person types, selects text, hovers a chart or has the tab in the background.
  const seconds = Number(document.body.dataset.refresh);
  let hovering = false;
  const busy = () => {
    const active = document.activeElement;
    const inMain = active !== null && active !== document.body && active.closest('main') !== null;
    const isWriting = [...document.querySelectorAll('main textarea')].some((area) => area.value !== area.defaultValue);
    return document.hidden || hovering || inMain || isWriting || String(getSelection()) !== '';
  };
  const refresh = async () => {
    if (busy()) return;
    try {
      const response = await fetch(location.href, { headers: { accept: 'text/html' } });
      if (!response.ok || response.redirected || busy()) return;
      const next = new DOMParser().parseFromString(await response.text(), 'text/html');
      const main = next.querySelector('main');
      if (main === null) return;
      document.title = next.title;
      document.querySelector('main').replaceChildren(...main.childNodes);
      document.querySelector('.bottom').replaceChildren(...next.querySelector('.bottom').childNodes);
    } catch {
      // The service is restarting or the network is away: the page stays as it is until the next try.
    }
  };
  if (seconds > 0) setInterval(refresh, seconds * 1000);

  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (button === null) return;
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = 'Copied';
    } catch {
      // Without the clipboard (plain HTTP on another host) the text is marked, ready for Ctrl+C; text that is not on the page is put there.
      const shown = button.previousElementSibling?.textContent === button.dataset.copy ? button.previousElementSibling : Object.assign(document.createElement('pre'), { className: 'to-copy', textContent: button.dataset.copy });
      if (!shown.isConnected) button.parentElement.after(shown);
      getSelection().selectAllChildren(shown);
      button.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => (button.textContent = words), 2000);
  });

  // Charts: the moment under the pointer, in words.
  const read = (figure, clientX) => {
    figure.moments ??= JSON.parse(figure.dataset.moments);
    const box = figure.querySelector('.chart-svg').getBoundingClientRect();
    const percent = ((clientX - box.left) / box.width) * 100;
    const nearest = figure.moments.reduce((best, moment) => (Math.abs(moment[0] - percent) < Math.abs(best[0] - percent) ? moment : best));
    const cursor = figure.querySelector('.cursor');
    cursor.setAttribute('x1', `${nearest[0]}%`);
    cursor.setAttribute('x2', `${nearest[0]}%`);
    cursor.classList.add('on');
    const output = figure.querySelector('.reading');
    const words = document.createElement('span');
    words.textContent = nearest[1];
    output.replaceChildren(words);
    output.hidden = false;
  };
  const leave = (figure) => {
    hovering = false;
    figure.querySelector('.reading').hidden = true;
    figure.querySelector('.cursor').classList.remove('on');
  };
  document.addEventListener('pointermove', (event) => {
    const figure = event.target.closest?.('figure[data-moments] .plot')?.closest('figure');
    for (const other of document.querySelectorAll('figure[data-moments]')) if (other !== figure && other.moments !== undefined) leave(other);
    if (figure === null || figure === undefined) return;
    hovering = true;
    read(figure, event.clientX);
  });
})();
