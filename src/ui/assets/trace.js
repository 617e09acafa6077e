// The waterfall: only the rows on the screen exist, whatever the size of the trace. Folding, keyboard, minimap, and the panel of a span.
// Without it the first rows are there, and links open the panel on the server.
(() => {
  'use strict';
  const page = document.querySelector('[data-trace]');
  const tree = document.querySelector('.fall');
  const panel = document.querySelector('.panel');
  if (page === null || tree === null || panel === null) return;
  const SVG = 'http://www.w3.org/2000/svg';
  const OVERSCAN = 12;
  const MOST_PRINTED = 2_000;
  const FLAG = { error: 1, parentMissing: 2, began: 4, repeats: 8, errorInside: 16 };
  const { services, names, rows: lists } = JSON.parse(document.querySelector('.fall-rows').content.textContent);
  const wholeNs = Number(tree.dataset.ns);
  const rows = lists.map(([span, depth, inside, flags, service, name, left, width, duration, path, marks, note, message, repeats], index) => ({
    span, depth, inside, service: services[service][0], colour: services[service][1], name: names[name], left, width, duration, path, marks, note, message, repeats, index,
    has: (flag) => (flags & flag) !== 0, folded: repeats > 0,
  }));
  const bySpan = new Map();
  for (const row of rows) if (row.repeats === 0 && !bySpan.has(row.span)) bySpan.set(row.span, row);
  const parents = new Map();
  const open = [];
  for (const row of rows) {
    open.length = row.depth;
    parents.set(row, open[row.depth - 1]);
    open[row.depth] = row;
  }

  const asSent = new URLSearchParams(location.search).get('clocks') === 'sent';
  // Which rows there are to see, in order; `place` is where among them.
  let visible = rows;
  let zoom = [0, 100];
  let current = rows[0];
  let selected;
  let found = new Set();
  const arrange = () => {
    let foldedAt = Infinity;
    visible = rows.filter((row) => {
      if (row.depth <= foldedAt) foldedAt = Infinity;
      const away = foldedAt < row.depth;
      if (!away && row.folded) foldedAt = row.depth;
      return !away;
    });
    visible.forEach((row, place) => (row.place = place));
    drawMinimap();
    draw(true);
  };

  // Rows are clones of the blank one, which the server wrote: their markup is written once.
  const blank = document.querySelector('.fall-blank').content.querySelector('li');
  const idOf = (row) => `s-${row.span}${row.repeats > 0 ? '-all' : ''}`;
  const shape = (name, attributes, title) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (title !== undefined) element.append(Object.assign(document.createElementNS(SVG, 'title'), { textContent: title }));
    return element;
  };
  const inZoom = (percent) => ((percent - zoom[0]) * 100) / (zoom[1] - zoom[0]);
  const labelOf = (left, right) => (right < 84 ? [Math.max(0, right), 'start', 5, 'outside'] : left > 16 ? [Math.min(100, left), 'end', -5, 'outside'] : [Math.max(0, left), 'start', 6, 'inside']);
  const build = (row) => {
    const item = blank.cloneNode(true);
    item.id = idOf(row);
    item.row = row;
    item.setAttribute('aria-level', row.depth + 1);
    item.className = `${row.has(FLAG.error) ? 'error' : row.has(FLAG.errorInside) ? 'leads-to-error' : ''}${row.repeats > 0 ? ' repeats' : ''}`;
    if (row.inside > 0) item.setAttribute('aria-expanded', String(!row.folded));
    if (row === selected) item.setAttribute('aria-selected', 'true');
    item.classList.toggle('current', row === current);
    item.classList.toggle('found', found.has(row));
    const [fold, leaf, dot, link, error, orphan, note] = item.firstElementChild.children;
    item.firstElementChild.className = `row-name i${Math.min(row.depth, 16)}`;
    fold.hidden = row.inside === 0;
    leaf.hidden = row.inside > 0;
    fold.textContent = row.inside;
    fold.title = `${row.inside} span${row.inside === 1 ? '' : 's'} inside`;
    dot.className = `dot k${row.colour}`;
    link.href = `?${asSent ? 'clocks=sent&' : ''}span=${row.span}#s-${row.span}`;
    link.firstElementChild.textContent = row.service;
    link.lastElementChild.textContent = row.repeats > 0 ? `${row.repeats} × ${row.name}` : row.name;
    error.hidden = !row.has(FLAG.error);
    error.textContent = row.has(FLAG.began) ? 'began here' : 'error';
    error.title = row.message || 'error';
    orphan.hidden = !row.has(FLAG.parentMissing);
    note.hidden = row.note === '';
    note.textContent = row.note;
    drawBar(item.querySelector('.bar'), row);
    return item;
  };
  const drawBar = (bar, row) => {
    const [left, right] = [inZoom(row.left), inZoom(row.left + row.width)];
    const parts = [shape('rect', { class: `span k${row.colour}`, x: `${left}%`, y: 6, width: `${Math.max(0.1, right - left)}%`, height: 10, rx: 2 })];
    for (let at = 0; at < row.path.length; at += 2) parts.push(shape('rect', { class: 'path', x: `${inZoom(row.path[at])}%`, y: 18, width: `${(row.path[at + 1] * 100) / (zoom[1] - zoom[0])}%`, height: 3 }));
    for (const [x, text, style] of row.marks) parts.push(shape('circle', { class: `mark ${style}`, cx: `${inZoom(x)}%`, cy: 11, r: 3.5 }, text));
    const [x, anchor, nudge, place] = labelOf(left, right);
    if (right >= 0 && left <= 100) {
      const label = shape('text', { class: place, x: `${x}%`, dx: nudge, y: 15, 'text-anchor': anchor });
      label.textContent = row.duration;
      parts.push(label);
    }
    bar.replaceChildren(...parts);
  };

  let height = 24;
  const measure = () => {
    const first = tree.querySelector('li');
    height = first === null ? 24 : first.getBoundingClientRect().height || 24;
  };
  let drawn = [0, 0];
  let printing = false;
  const onPaper = () => [0, Math.min(visible.length, MOST_PRINTED)];
  const onScreen = (top) => {
    const first = Math.max(0, Math.min(visible.length - 1, Math.floor(top / height) - OVERSCAN));
    return [first, Math.max(first, Math.min(visible.length, Math.ceil((top + innerHeight) / height) + OVERSCAN))];
  };
  const draw = (fresh) => {
    const top = -tree.getBoundingClientRect().top;
    const [first, last] = printing ? onPaper() : onScreen(top);
    drawView(top);
    if (!fresh && first === drawn[0] && last === drawn[1]) return;
    const kept = new Map(fresh ? [] : [...tree.children].map((item) => [item.row, item]));
    const wanted = visible.slice(first, last);
    tree.replaceChildren(...wanted.map((row) => kept.get(row) ?? build(row)));
    tree.style.paddingTop = `${first * height}px`;
    tree.style.paddingBottom = printing ? '' : `${(visible.length - last) * height}px`;
    drawn = [first, last];
  };
  let asked = false;
  const drawSoon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw(false);
    });
  };

  // The minimap: every visible row as far as there is room, errors and the critical path on top.
  const minimap = document.querySelector('.minimap');
  const SLOTS = 60;
  const view = shape('rect', { class: 'view', x: 0, width: 100 });
  const range = shape('rect', { class: 'range', y: 0, height: SLOTS, visibility: 'hidden' });
  const drawMinimap = () => {
    const slots = Math.min(SLOTS, visible.length);
    const step = SLOTS / slots;
    const parts = Array.from({ length: slots }, (_, slot) => {
      const inside = visible.slice(Math.floor((slot * visible.length) / slots), Math.max(Math.floor(((slot + 1) * visible.length) / slots), Math.floor((slot * visible.length) / slots) + 1));
      const left = Math.min(...inside.map((row) => row.left));
      const right = Math.max(...inside.map((row) => row.left + row.width));
      const style = inside.some((row) => row.has(FLAG.error)) ? 'bad' : `k${inside[0].colour}`;
      return shape('rect', { class: style, x: left, y: slot * step, width: Math.max(0.5, right - left), height: step * 0.8 });
    });
    minimap.setAttribute('viewBox', `0 0 100 ${SLOTS}`);
    minimap.replaceChildren(...parts, view, range);
  };
  const drawView = (top) => {
    const whole = visible.length * height || 1;
    const from = Math.max(0, Math.min(1, top / whole));
    view.setAttribute('y', from * SLOTS);
    view.setAttribute('height', Math.max(1, (Math.min(1, (top + innerHeight) / whole) - from) * SLOTS));
  };
  const setZoom = (from, to) => {
    zoom = [from, to];
    range.setAttribute('x', from);
    range.setAttribute('width', to - from);
    range.setAttribute('visibility', to - from < 100 ? 'visible' : 'hidden');
    document.querySelectorAll('.fall-axis text').forEach((text, index, { length }) => {
      const ns = ((from + ((to - from) * index) / Math.max(1, length - 1)) / 100) * wholeNs;
      text.textContent = ns === 0 ? '0' : latency(ns);
    });
    tree.classList.toggle('zoomed', to - from < 100);
    draw(true);
  };
  const latency = (ns) => {
    const unit = [[1, 'ns', 1], [1e3, 'µs', 1], [1e6, 'ms', 1], [1e9, 's', 1], [6e10, 'min', 2], [3.6e12, 'h', 2], [8.64e13, 'days', 2]].findLast(([size, , from]) => ns >= size * from) ?? [1, 'ns'];
    return `${Number((ns / unit[0]).toPrecision(3))} ${unit[1]}`;
  };
  let pressed;
  const percentAt = (event) => {
    const box = minimap.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 100, (event.clientY - box.top) / box.height];
  };
  minimap.addEventListener('pointerdown', (event) => {
    pressed = percentAt(event);
    minimap.setPointerCapture(event.pointerId);
  });
  minimap.addEventListener('pointerup', (event) => {
    if (pressed === undefined) return;
    const [x, y] = percentAt(event);
    const [from, to] = [Math.max(0, Math.min(x, pressed[0])), Math.min(100, Math.max(x, pressed[0]))];
    pressed = undefined;
    if (to - from > 1) setZoom(from, to);
    else if (zoom[1] - zoom[0] < 100) setZoom(0, 100);
    else scrollTo({ top: scrollY + tree.getBoundingClientRect().top + y * visible.length * height - innerHeight / 2 });
  });
  minimap.addEventListener('pointermove', (event) => {
    if (pressed === undefined) return;
    const [x] = percentAt(event);
    range.setAttribute('x', Math.min(x, pressed[0]));
    range.setAttribute('width', Math.abs(x - pressed[0]));
    range.setAttribute('visibility', 'visible');
  });

  const unfoldTo = (row) => {
    let changed = false;
    for (let above = parents.get(row); above !== undefined; above = parents.get(above)) {
      changed ||= above.folded;
      above.folded = false;
    }
    if (changed) arrange();
  };
  const fold = (row, folded) => {
    if (row.inside === 0) return;
    row.folded = folded;
    arrange();
  };
  /** Rows may not exist before they are scrolled to, so places are reckoned, not asked for. */
  const show = (row, block) => {
    const head = document.querySelector('.fall-head').getBoundingClientRect().height;
    const top = tree.getBoundingClientRect().top + row.place * height;
    if (block === 'center') scrollTo({ top: scrollY + top - innerHeight / 2 });
    else if (top < head) scrollTo({ top: scrollY + top - head });
    else if (top + height > innerHeight) scrollTo({ top: scrollY + top + height - innerHeight });
  };
  const goTo = (row, block = 'nearest') => {
    unfoldTo(row);
    current = row;
    show(row, block);
    draw(true);
    tree.setAttribute('aria-activedescendant', idOf(row));
  };
  const step = (row, by) => visible[Math.max(0, Math.min(visible.length - 1, row.place + by))];
  const next = (row, wanted) => rows.find((each) => each.index > row.index && wanted(each)) ?? rows.find(wanted) ?? row;

  let question = 0;
  const select = async (row) => {
    selected = row;
    draw(true);
    history.replaceState(null, '', `?${asSent ? 'clocks=sent&' : ''}span=${row.span}`);
    question += 1;
    const mine = question;
    try {
      const response = await fetch(`/traces/${page.dataset.trace}/spans/${row.span}${asSent ? '?clocks=sent' : ''}`, { headers: { accept: 'text/html' } });
      if (!response.ok) throw new Error(String(response.status));
      const text = await response.text();
      if (mine !== question) return;
      panel.replaceChildren(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
    } catch {
      if (mine !== question) return;
      panel.textContent = 'This span could not be read. Reload the page to try again.';
    }
    panel.hidden = false;
    panel.scrollTop = 0;
  };
  const close = () => {
    question += 1;
    panel.hidden = true;
    selected = undefined;
    draw(true);
    history.replaceState(null, '', `${location.pathname}${asSent ? '?clocks=sent' : ''}`);
    tree.focus({ preventScroll: true });
  };
  const enter = (row) => (row.repeats > 0 ? fold(row, !row.folded) : void select(row));

  tree.addEventListener('click', (event) => {
    const item = event.target.closest('li');
    if (item === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    tree.focus({ preventScroll: true });
    if (event.target.closest('.fold') !== null) {
      current = item.row;
      fold(item.row, !item.row.folded);
      return;
    }
    goTo(item.row);
    enter(item.row);
  });
  tree.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = current;
    const pageful = Math.max(1, Math.floor(innerHeight / height) - 4);
    const moves = {
      ArrowDown: () => goTo(step(row, 1)), j: () => goTo(step(row, 1)), ArrowUp: () => goTo(step(row, -1)), k: () => goTo(step(row, -1)),
      PageDown: () => goTo(step(row, pageful)), PageUp: () => goTo(step(row, -pageful)), Home: () => goTo(rows[0]), End: () => goTo(visible[visible.length - 1]),
      ArrowRight: () => (row.inside > 0 && row.folded ? fold(row, false) : goTo(step(row, 1))),
      ArrowLeft: () => (row.inside > 0 && !row.folded ? fold(row, true) : goTo(parents.get(row) ?? row)),
      Enter: () => enter(row), ' ': () => enter(row),
      e: () => goTo(next(row, (each) => each.has(FLAG.error)), 'center'), p: () => goTo(next(row, (each) => each.path.length > 0), 'center'),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    move();
  });
  const find = document.querySelector('.find input');
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !panel.hidden) close();
    if (event.key !== '/' || event.target.closest?.('input, textarea, select') !== null) return;
    event.preventDefault();
    find.focus();
  });
  find.addEventListener('input', () => {
    const text = find.value.trim().toLowerCase();
    found = new Set(text === '' ? [] : rows.filter((row) => row.repeats === 0 && `${row.service} ${row.name} ${row.span} ${row.message}`.toLowerCase().includes(text)));
    document.querySelector('.find-count').textContent = text === '' ? '' : `${found.size} found`;
    const [first] = found;
    if (first === undefined) draw(true);
    else goTo(first, 'center');
  });
  find.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || found.size === 0) return;
    event.preventDefault();
    goTo(next(current, (row) => found.has(row)), 'center');
  });
  document.addEventListener('click', (event) => {
    const foldButton = event.target.closest('[data-fold]');
    if (foldButton !== null) {
      for (const row of rows) row.folded = row.inside > 0 && foldButton.dataset.fold === 'all' && row.depth > 0;
      arrange();
    }
    const link = event.target.closest('[data-span-link]');
    const target = link === null ? undefined : bySpan.get(link.dataset.spanLink);
    if (target !== undefined) {
      event.preventDefault();
      goTo(target, 'center');
      void select(target);
    }
    if (event.target.closest('[data-close]') !== null) {
      event.preventDefault();
      close();
    }
  });
  addEventListener('scroll', drawSoon, { passive: true });
  addEventListener('resize', () => {
    measure();
    draw(true);
  });
  // Paper has no screen: all rows that are not folded are there.
  let place = 0;
  const paper = (begins) => {
    if (begins) place = scrollY;
    printing = begins;
    const leftOut = visible.length - MOST_PRINTED;
    if (begins && leftOut > 0) tree.dataset.leftOut = `${leftOut} more rows are not printed: fold what does not matter.`;
    else delete tree.dataset.leftOut;
    draw(true);
    if (!begins) scrollTo(scrollX, place);
  };
  addEventListener('beforeprint', () => paper(true));
  addEventListener('afterprint', () => paper(false));

  document.querySelector('.fall-buttons').hidden = false;
  minimap.removeAttribute('hidden');
  measure();
  // Links of the form /traces/TRACE#SPAN: the server never sees the span, so it is opened here.
  const [, hashed] = /^#(?:s-)?([0-9a-f]{16})$/.exec(location.hash) ?? [];
  const asSelected = new URLSearchParams(location.search).get('span')?.toLowerCase();
  const start = bySpan.get(asSelected ?? hashed);
  if (start !== undefined && asSelected !== undefined) selected = start;
  if (rows.length > 0) arrange();
  if (start !== undefined) goTo(start, 'center');
  if (start !== undefined && asSelected === undefined) void select(start);
})();
