// Searching: results as one types, what was found seen from afar, a brush on the heatmap, and completion of TraceQL. Without it the form does it all, but for completion.
(() => {
  'use strict';
  const form = document.querySelector('form.search');
  const results = document.querySelector('#results');
  const survey = document.querySelector('#survey');
  if (form === null || results === null || survey === null) return;
  const PAUSE_MS = 350;

  const addressOf = () => {
    const fields = [...new FormData(form)].filter(([, value]) => value.trim() !== '');
    return `/traces?${new URLSearchParams(fields)}`;
  };
  let running = new AbortController();
  const fetchPage = async (address) => {
    const response = await fetch(address, { headers: { accept: 'text/html' }, signal: running.signal });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    return new DOMParser().parseFromString(await response.text(), 'text/html');
  };
  const survive = (error) => {
    // An answer that is no longer waited for, or a service that restarts: what is there stays.
    if (error.name !== 'AbortError') results.classList.remove('stale');
  };
  const lookFromAfar = async (address) => {
    const whole = new URL(address, location.href);
    whole.searchParams.set('survey', '1');
    const next = await fetchPage(whole);
    survey.replaceChildren(...next.querySelector('#survey').childNodes);
  };
  /** `typing`: what is not a query yet leaves the results alone. */
  const search = async (address, { typing }) => {
    running.abort();
    running = new AbortController();
    results.classList.add('stale');
    try {
      const next = await fetchPage(address);
      const isProblem = next.querySelector('#results .warning.error') !== null;
      if (isProblem && typing) return;
      results.replaceChildren(...next.querySelector('#results').childNodes);
      results.classList.remove('stale');
      history.replaceState(null, '', address);
      if (!isProblem) await lookFromAfar(address);
    } catch (error) {
      survive(error);
    }
  };
  let pause;
  const soon = () => {
    clearTimeout(pause);
    pause = setTimeout(() => void search(addressOf(), { typing: true }), PAUSE_MS);
  };
  form.addEventListener('input', (event) => {
    // A range that is chosen takes the place of the times of a link or of the brush.
    if (event.target.name === 'range' && event.target.value !== '') for (const hidden of form.querySelectorAll('input[type=hidden]')) hidden.remove();
    soon();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(pause);
    void search(addressOf(), { typing: false });
  });
  if (results.querySelector('.warning.error') === null && survey.firstElementChild === null) lookFromAfar(location.pathname + location.search).catch(survive);

  // Two are compared, no more and no fewer.
  results.addEventListener('change', (event) => {
    const ticked = [...results.querySelectorAll('.pick input:checked')];
    if (ticked.length > 2) ticked.find((box) => box !== event.target).checked = false;
  });

  // The brush: an area of the heatmap becomes times and durations of the search.
  const ROW = 9;
  let from;
  const placeIn = (svg, event) => {
    const box = svg.getBoundingClientRect();
    const { columns, rows } = JSON.parse(svg.dataset.geometry);
    return { column: Math.max(0, Math.min(columns - 1, Math.floor(((event.clientX - box.left) / box.width) * columns))), row: Math.max(0, Math.min(rows - 1, Math.floor((event.clientY - box.top) / ROW))), x: event.clientX, y: event.clientY };
  };
  const spanOf = (one, other) => ({ left: Math.min(one.column, other.column), right: Math.max(one.column, other.column) + 1, top: Math.min(one.row, other.row), bottom: Math.max(one.row, other.row) + 1 });
  const durationOf = (row) => `${Number((2 ** (row / 2) / 1e6).toFixed(6))}ms`;
  survey.addEventListener('pointerdown', (event) => {
    const svg = event.target.closest('[data-geometry]');
    if (svg === null || event.button !== 0 || event.pointerType === 'touch') return;
    from = { svg, ...placeIn(svg, event) };
  });
  survey.addEventListener('dragstart', (event) => event.preventDefault());
  addEventListener('pointermove', (event) => {
    if (from === undefined) return;
    const { columns } = JSON.parse(from.svg.dataset.geometry);
    const area = spanOf(from, placeIn(from.svg, event));
    const brush = from.svg.querySelector('.brush');
    brush.setAttribute('x', `${(area.left * 100) / columns}%`);
    brush.setAttribute('width', `${((area.right - area.left) * 100) / columns}%`);
    brush.setAttribute('y', area.top * ROW);
    brush.setAttribute('height', (area.bottom - area.top) * ROW);
    brush.setAttribute('visibility', 'visible');
  });
  let brushed = false;
  addEventListener('pointerup', (event) => {
    if (from === undefined) return;
    const { svg } = from;
    const to = placeIn(svg, event);
    const isDrag = Math.hypot(to.x - from.x, to.y - from.y) > 5;
    const area = spanOf(from, to);
    from = undefined;
    if (!isDrag) return;
    brushed = true;
    setTimeout(() => (brushed = false));
    const { fromMs, stepMs, topRow, rows } = JSON.parse(svg.dataset.geometry);
    const address = new URL(svg.querySelector('a').getAttribute('href'), location.href);
    address.searchParams.set('from', new Date(fromMs + area.left * stepMs).toISOString());
    address.searchParams.set('to', new Date(fromMs + area.right * stepMs).toISOString());
    // What reaches the end of the map is open there: more than it shows may come, and its rows are exact to 2 %.
    for (const name of ['minDuration', 'maxDuration']) address.searchParams.delete(name);
    if (area.bottom < rows) address.searchParams.set('minDuration', durationOf(topRow - area.bottom + 1));
    if (area.top > 0) address.searchParams.set('maxDuration', durationOf(topRow - area.top + 1));
    location.assign(address);
  });
  const letGo = () => {
    from?.svg.querySelector('.brush').setAttribute('visibility', 'hidden');
    from = undefined;
  };
  addEventListener('pointercancel', letGo);
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') letGo();
  });
  survey.addEventListener('click', (event) => {
    if (brushed) event.preventDefault();
  }, true);

  // Completion: fields, their values, and what comes after a filter, from what is stored.
  const box = form.querySelector('textarea[name=q]');
  const list = Object.assign(document.createElement('ul'), { className: 'completion', id: 'completion', hidden: true });
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Completions');
  box.after(list);
  box.setAttribute('aria-controls', 'completion');
  const INTRINSICS = ['name', 'status', 'statusMessage', 'kind', 'duration', 'rootName', 'rootServiceName', 'traceDuration', 'event:name', 'span:childCount', 'span:id', 'trace:id', 'link:traceID', 'link:spanID', 'instrumentation:name'];
  const KNOWN = { status: ['error', 'ok', 'unset'], kind: ['server', 'client', 'internal', 'producer', 'consumer'] };
  const STAGES = ['count() > ', 'avg(duration) > ', 'max(duration) > ', 'min(duration) > ', 'sum(duration) > ', 'by(resource.service.name)', 'select(span.http.route)', 'coalesce()'];
  const SHOWN = 60;
  const asked = new Map();
  const json = (address) => {
    if (!asked.has(address)) asked.set(address, fetch(address, { headers: { accept: 'application/json' } }).then((response) => (response.ok ? response.json() : {})).catch(() => ({})));
    return asked.get(address);
  };
  const plainName = (name) => (/^[\w./-]+$/.test(name) ? name : JSON.stringify(name));
  const fields = async () => {
    const { scopes = [] } = await json('/tempo/api/v2/search/tags');
    return [...INTRINSICS, ...scopes.filter(({ name }) => name !== 'intrinsic').flatMap(({ name, tags }) => tags.map((tag) => `${name}.${plainName(tag)}`))];
  };
  const values = async (field) => {
    if (KNOWN[field] !== undefined) return KNOWN[field];
    const { tagValues = [] } = await json(`/tempo/api/v2/search/tag/${encodeURIComponent(field)}/values`);
    return tagValues.map(({ type, value }) => (type === 'string' ? JSON.stringify(value) : value));
  };
  /** What is being written at the caret, and what could stand there. */
  const completionsAt = async (text) => {
    const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => '_'.repeat(quoted.length));
    const isInside = bare.lastIndexOf('{') > bare.lastIndexOf('}');
    const value = /([\w.:/-]+)\s*(?:=~|!~|!=|>=|<=|=|>|<)\s*("[^"]*|[^\s"&|(){}=!<>~]*)$/.exec(text);
    if (isInside && value !== null) return { prefix: value[2], offers: await values(value[1]) };
    const field = /(?:^|[{(&|!,])\s*([\w.:/-]*)$/.exec(text);
    if (isInside && field !== null) return { prefix: field[1], offers: await fields() };
    const operator = /[\w.:/-]+\s+$/.exec(text);
    if (isInside && operator !== null) return { prefix: '', offers: ['= ', '!= ', '=~ ', '> ', '< ', '&& ', '|| '] };
    const stage = /\|\s*(\w*)$/.exec(bare);
    if (!isInside && stage !== null && !bare.endsWith('||')) return { prefix: stage[1], offers: STAGES };
    return { prefix: '', offers: [] };
  };
  let offered = { prefix: '', items: [], chosen: -1 };
  const hide = () => {
    list.hidden = true;
    box.removeAttribute('aria-activedescendant');
    offered = { prefix: '', items: [], chosen: -1 };
  };
  const choose = (index) => {
    offered.chosen = (index + offered.items.length) % offered.items.length;
    [...list.children].forEach((item, place) => item.setAttribute('aria-selected', String(place === offered.chosen)));
    list.children[offered.chosen].scrollIntoView({ block: 'nearest' });
    box.setAttribute('aria-activedescendant', `completion-${offered.chosen}`);
  };
  const offer = async () => {
    const text = box.value.slice(0, box.selectionStart);
    const { prefix, offers } = await completionsAt(text);
    if (document.activeElement !== box || box.value.slice(0, box.selectionStart) !== text) return;
    const wanted = prefix.toLowerCase().replace(/^"/, '');
    const rank = (each) => (each.toLowerCase().replace(/^"/, '').startsWith(wanted) ? 0 : 1);
    const items = offers.filter((each) => each !== prefix && each.toLowerCase().includes(wanted)).sort((left, right) => rank(left) - rank(right)).slice(0, SHOWN);
    if (items.length === 0) return hide();
    offered = { prefix, items, chosen: -1 };
    list.replaceChildren(...items.map((text, index) => {
      const item = Object.assign(document.createElement('li'), { id: `completion-${index}`, textContent: text });
      item.setAttribute('role', 'option');
      item.setAttribute('aria-selected', 'false');
      return item;
    }));
    list.hidden = false;
  };
  const take = (text) => {
    const end = box.selectionStart;
    box.setRangeText(text, end - offered.prefix.length, end, 'end');
    hide();
    soon();
    void offer();
  };
  box.addEventListener('input', () => {
    // What was offered is for what was written before: taken now, it would stand at the wrong place.
    hide();
    void offer();
  });
  box.addEventListener('click', () => void offer());
  box.addEventListener('blur', () => setTimeout(hide, 150));
  list.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    const item = event.target.closest('li');
    if (item !== null) take(item.textContent);
  });
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && offered.chosen < 0) {
      event.preventDefault();
      hide();
      form.requestSubmit();
      return;
    }
    if (list.hidden) return;
    const keys = {
      ArrowDown: () => choose(offered.chosen + 1), ArrowUp: () => choose(offered.chosen < 0 ? -1 : offered.chosen - 1), Escape: hide,
      Enter: () => take(offered.items[offered.chosen]), Tab: () => take(offered.items[Math.max(0, offered.chosen)]),
    };
    if (keys[event.key] === undefined || (event.key === 'Enter' && offered.chosen < 0)) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
