// The right side: totals, the one question, the drawing, the stage table.

const COLUMNS = ["", "operator", "map", "channels", "blocks", "parameters", "multiply-adds", "×"];

const pictures = new WeakMap();

function buildPicture(root) {
  const totals = make("dl", { class: "totals" });
  const tiles = S.spec.totals.map((name, i) => {
    const value = make("dd", { class: "value" });
    const times = make("dd", { class: "times" });
    totals.append(make("div", { title: S.spec.why[i] }, make("dt", {}, name), value, times));
    return { value, times };
  });
  const guess = make("div", { class: "guess", hidden: "" });
  const limit = make("div", { class: "limit", role: "status", hidden: "" });
  const drawing = buildDrawing();
  const tip = make("div", { class: "tip", "aria-hidden": "true", hidden: "" });
  const scale = make("button", { type: "button", class: "scale" });
  scale.onclick = () => {
    drawing.power = drawing.power === 1 ? 0.5 : 1;
    render();
  };
  const frame = make("div", { class: "frame" }, drawing.svg, tip, scale);
  const head = make("tr", {}, ...COLUMNS.map((c) => make("th", { scope: "col" }, c)));
  const body = make("tbody");
  const caption = make("caption", { class: "unseen" }, "Stage table, baseline to scaled");
  const table = make("table", {}, caption, make("thead", {}, head), body);
  table.onpointerleave = () => heat(null);
  const scroller = make("div", { class: "scroller", tabindex: "0", role: "region" }, table);
  scroller.setAttribute("aria-label", "Stage table");
  const note = make("p", { class: "note" });
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  root.append(totals, guess, limit, frame, scroller, note, live);
  const picture = { tiles, guess, limit, drawing, scale, tip, body, note, live, rows: [], said: "" };
  pictures.set(root, picture);
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width === drawing.width || !width) return;
    drawing.width = width;
    render();
  }).observe(frame);
}

function drawPicture(root, view) {
  if (!pictures.has(root)) buildPicture(root);
  const picture = pictures.get(root);
  const { row } = view;
  const base = S.now.base;
  toggle(root, "waiting", view.waiting);
  picture.tiles.forEach(({ value, times }, i) => {
    const secret = view.hidden && i === 0;
    write(value, secret ? "?" : row.k[i][0]);
    write(times, secret ? row.law + " by law" : row.k[i][1]);
  });
  drawGuess(picture.guess, view);
  drawLimit(picture.limit, view);
  if (picture.drawing.width) drawNetworks(picture.drawing, view, base);
  write(picture.scale, S.spec.scales[picture.drawing.power === 1 ? 1 : 0]);
  drawStages(picture, row, base);
  drawHeat(picture, row, base);
  announce(picture, view);
}

/** Asked once: the question, then its answer in the same place. */
function drawGuess(box, view) {
  const { guess } = S.now;
  const state = guess && (view.hidden ? "ask" : guess.answer);
  box.hidden = !state;
  if (box.dataset.state === String(state)) return;
  box.dataset.state = String(state);
  box.replaceChildren();
  if (!state) return;
  if (state !== "ask") {
    box.append(make("p", { role: "status" }, state));
    return;
  }
  const choices = guess.choices.map((choice) =>
    make("button", { type: "button", onclick: () => send({ act: "guess", guess: choice }) }, choice),
  );
  box.append(make("p", {}, guess.question), make("span", { class: "choices" }, ...choices));
}

function drawLimit(box, view) {
  const { limit } = view;
  box.hidden = !limit;
  const mark = limit ? limit.sentence + limit.back?.text : "";
  if (box.dataset.state === mark) return;
  box.dataset.state = mark;
  box.replaceChildren();
  if (!limit) return;
  box.append(make("span", {}, limit.sentence + " Shown: the last network before it."));
  if (limit.back) {
    const back = () => send({ act: "type", set: limit.back.set });
    box.append(make("button", { type: "button", onclick: back }, limit.back.text));
  }
}

function drawStages(picture, row, base) {
  const { body, rows, note } = picture;
  while (rows.length > base.stages.length) rows.pop().line.remove();
  while (rows.length < base.stages.length) {
    const stage = rows.length;
    const cells = COLUMNS.map(() => make("td"));
    const line = make("tr", { onpointerenter: () => heat({ stage }) }, ...cells);
    body.append(line);
    rows.push({ line, cells });
  }
  base.stages.forEach(([number, operator], i) => {
    const [params, macs, times, exactChannels, exactBlocks] = row.s[i];
    const { cells } = rows[i];
    write(cells[0], number);
    write(cells[1], operator);
    change(cells[2], base.m[i], row.m[i], "");
    change(cells[3], base.c[i], row.c[i], exactChannels);
    change(cells[4], base.r[i], row.r[i], exactBlocks);
    write(cells[5], params);
    write(cells[6], macs);
    write(cells[7], times);
  });
  if (!note.firstChild) note.append(...S.spec.note.map((text) => make("span", {}, text + " ")));
}

/** A cell of the stage table: what it was, what it is, and what it was before rounding. */
function change(cell, before, after, exact) {
  const mark = `${before}|${after}|${exact}`;
  if (cell.dataset.mark === mark) return;
  cell.dataset.mark = mark;
  toggle(cell, "changed", before !== after);
  cell.replaceChildren();
  if (before !== after) cell.append(make("span", { class: "was" }, `${before} → `));
  cell.append(make(before !== after ? "b" : "span", {}, String(after)));
  if (exact) cell.append(make("small", {}, ` ${exact}`));
}

function drawHeat(picture, row, base) {
  const { hot } = S;
  picture.rows.forEach(({ line }, i) => toggle(line, "hot", hot?.stage === i));
  toggle(picture.drawing.svg, "heated", hot);
  for (const line of picture.drawing.rows) {
    line.parts.forEach((part, i) => toggle(part.group, "hot", hot?.stage === i));
  }
  picture.tip.hidden = !hot?.role;
  if (!hot?.role) return;
  const shape = shapeOf(hot.role, row, base);
  const macs = {
    baseline: base.h[hot.stage],
    compound: row.s[hot.stage][1],
  }[hot.role] ?? row.h[ROLES.indexOf(hot.role) - 1][hot.stage];
  const parts = [
    `${hot.role}, stage ${base.stages[hot.stage][0]}: block ${hot.block} of ${hot.count}`,
    `map ${shape.sides[hot.stage]} × ${shape.sides[hot.stage]}, ${shape.channels[hot.stage]} channels`,
    `stage: ${macs} multiply-adds`,
  ];
  picture.tip.replaceChildren(...parts.map((text) => make("div", {}, text)));
  const room = picture.drawing.width - 240;
  picture.tip.style.left = `${Math.max(0, Math.min(hot.x - 40, room))}px`;
  picture.tip.style.top = `${hot.y + 26}px`;
}

let speaking = 0;

/** Value and cost in words, once the hand rests. */
function announce(picture, view) {
  const words = view.hidden ? "" : view.limit ? view.limit.sentence : view.row.say;
  if (words === picture.said) return;
  picture.said = words;
  clearTimeout(speaking);
  speaking = setTimeout(() => write(picture.live, words), 400);
}
