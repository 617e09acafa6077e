// The waterfall: folding, keyboard, and the panel of a span. Without it, links still open the panel on the server.
(() => {
  'use strict';
  const page = document.querySelector('[data-trace]');
  const tree = document.querySelector('.fall');
  const panel = document.querySelector('.panel');
  if (page === null || tree === null || panel === null) return;
  const rows = [...tree.children];
  const places = new Map(rows.map((row, index) => [row, index]));
  const level = (row) => Number(row.getAttribute('aria-level'));
  const isFolded = (row) => row.getAttribute('aria-expanded') === 'false';

  // One pass over all rows: a row is away when any row above it in the tree is folded.
  const applyFolds = () => {
    let foldedAt = Infinity;
    for (const row of rows) {
      const depth = level(row);
      if (depth <= foldedAt) foldedAt = Infinity;
      row.classList.toggle('folded-away', foldedAt < depth);
      if (foldedAt === Infinity && isFolded(row)) foldedAt = depth;
    }
  };
  const fold = (row, folded) => {
    if (!row.hasAttribute('aria-expanded')) return;
    row.setAttribute('aria-expanded', String(!folded));
    applyFolds();
  };
  const parentOf = (row) => {
    for (let index = places.get(row) - 1; index >= 0; index -= 1) if (level(rows[index]) < level(row)) return rows[index];
    return undefined;
  };
  const reveal = (row) => {
    for (let above = parentOf(row); above !== undefined; above = parentOf(above)) above.setAttribute('aria-expanded', 'true');
    applyFolds();
  };

  let current = tree.querySelector('[aria-selected=true]') ?? rows[0];
  const focusRow = (row) => {
    current?.setAttribute('tabindex', '-1');
    current = row;
    row.setAttribute('tabindex', '0');
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  };
  const step = (from, by) => {
    for (let index = places.get(from) + by; index >= 0 && index < rows.length; index += by) if (!rows[index].classList.contains('folded-away')) return rows[index];
    return from;
  };

  let asked = 0;
  const select = async (row) => {
    tree.querySelector('[aria-selected=true]')?.removeAttribute('aria-selected');
    row.setAttribute('aria-selected', 'true');
    const span = row.dataset.span;
    history.replaceState(null, '', `?span=${span}`);
    asked += 1;
    const mine = asked;
    try {
      const response = await fetch(`/traces/${page.dataset.trace}/spans/${span}`, { headers: { accept: 'text/html' } });
      if (!response.ok) throw new Error(String(response.status));
      const text = await response.text();
      if (mine !== asked) return;
      panel.replaceChildren(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
    } catch {
      if (mine !== asked) return;
      panel.textContent = 'This span could not be read. Reload the page to try again.';
    }
    panel.hidden = false;
    panel.scrollTop = 0;
  };
  const close = () => {
    asked += 1;
    panel.hidden = true;
    tree.querySelector('[aria-selected=true]')?.removeAttribute('aria-selected');
    history.replaceState(null, '', location.pathname);
    current?.focus({ preventScroll: true });
  };

  tree.addEventListener('click', (event) => {
    const row = event.target.closest('li');
    if (row === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.target.closest('.fold') !== null) {
      fold(row, !isFolded(row));
      return;
    }
    focusRow(row);
    void select(row);
  });
  tree.addEventListener('keydown', (event) => {
    const row = event.target.closest('li');
    if (row === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = {
      ArrowDown: () => focusRow(step(row, 1)), j: () => focusRow(step(row, 1)), ArrowUp: () => focusRow(step(row, -1)), k: () => focusRow(step(row, -1)),
      Home: () => focusRow(rows[0]), End: () => focusRow(step(rows[rows.length - 1], 0) ?? row),
      ArrowRight: () => (isFolded(row) ? fold(row, false) : focusRow(step(row, 1))),
      ArrowLeft: () => (row.getAttribute('aria-expanded') === 'true' ? fold(row, true) : focusRow(parentOf(row) ?? row)),
      Enter: () => void select(row), ' ': () => void select(row),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !panel.hidden) close();
  });
  document.addEventListener('click', (event) => {
    const foldButton = event.target.closest('[data-fold]');
    if (foldButton !== null) {
      for (const row of rows) if (row.hasAttribute('aria-expanded')) row.setAttribute('aria-expanded', String(foldButton.dataset.fold === 'none' || level(row) === 1));
      applyFolds();
    }
    const link = event.target.closest('[data-span-link]');
    const target = link === null ? null : document.getElementById(`s-${link.dataset.spanLink}`);
    if (target !== null) {
      event.preventDefault();
      reveal(target);
      focusRow(target);
      void select(target);
    }
    if (event.target.closest('[data-close]') !== null) {
      event.preventDefault();
      close();
    }
  });
  for (const row of rows) {
    const button = row.querySelector('.fold');
    if (button !== null) button.title = `${button.textContent} span${button.textContent === '1' ? '' : 's'} inside`;
  }
  document.querySelector('.fall-buttons').hidden = !rows.some((row) => row.hasAttribute('aria-expanded'));
  const selected = tree.querySelector('[aria-selected=true]');
  const [, hashed] = /^#(?:s-)?([0-9a-f]{16})$/.exec(location.hash) ?? [];
  const linked = hashed === undefined ? null : document.getElementById(`s-${hashed}`);
  if (selected !== null) selected.scrollIntoView({ block: 'center' });
  else if (linked !== null) {
    // Links of the form /traces/TRACE#SPAN: the server never sees the span, so it is opened here.
    linked.scrollIntoView({ block: 'center' });
    void select(linked);
  }
})();
