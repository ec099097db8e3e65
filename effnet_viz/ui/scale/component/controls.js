// The left side: what is scaled and how, φ on its curve, the coefficients or multipliers. Each
// slider is a native range over its positions, so keyboard, touch and screen readers work as they
// do everywhere; its value can also be typed.

const panels = new WeakMap();
const KEY_REST_MS = 350; // after the last key press the server hears of it

function buildControls(root) {
  const { spec } = S;
  const p = { sliders: {}, chips: {} };
  p.architecture = make(
    "select",
    { "aria-label": "Baseline", onchange: (e) => choose({ architecture: e.target.value }) },
    ...spec.architectures.map(([name, title]) => make("option", { value: name }, title)),
  );
  p.by = chips("Scale by", spec.modes, (by) => choose({ by }));
  p.phi = buildPhi(p);
  p.product = make("p", { class: "product" });
  p.roles = chips("Scaled like the role", spec.roles.map((r) => [r, r]), (role) =>
    send({ act: "role", role }),
  );
  p.roles.box.classList.add("role");
  p.variants = chips("Released variant", spec.variants.map((v) => [v, v.toUpperCase()]), (v) => {
    const index = spec.variants.indexOf(v);
    release("variant", index);
  });
  p.variants.box.classList.add("variant");
  markLater(p.variants.buttons);
  p.variants.box.onpointerenter = () => touch("variant");
  const names = [...COEFFICIENTS, "depth", "width", "px"];
  const rest = make("div", { class: "rest" }, ...names.map((name) => buildSlider(p, name)));
  p.lock = make("input", { type: "checkbox", role: "switch" });
  p.lock.onchange = () => send({ act: "lock", lock: p.lock.checked });
  p.lockText = make("span");
  p.two = action("Make it exactly 2", () => send({ act: "two" }));
  p.reset = action("Reset to the paper's values", () => send({ act: "reset" }));
  const lock = make("label", { class: "lock", title: spec.lockHelp }, p.lock, p.lockText);
  p.formula = make("div", { class: "formula" }, lock, make("div", { class: "acts" }, p.two, p.reset));
  const baseline = make("label", {}, make("span", { class: "label" }, "Baseline"), p.architecture);
  const heads = make(
    "div",
    { class: "heads" },
    baseline,
    p.by.box,
  );
  const more = make("button", { type: "button", class: "more", "aria-expanded": "false" }, "More ▾");
  more.onclick = () => {
    const open = root.classList.toggle("open");
    set(more, "aria-expanded", open);
    write(more, open ? "Less ▴" : "More ▾");
  };
  p.brief = make("output", { class: "brief" });
  const top = make("div", { class: "top" }, p.brief, more);
  const folded = make(
    "div",
    { class: "folded" },
    heads, p.curveBox, p.product, p.roles.box, rest, p.formula,
  );
  root.append(top, p.phi, p.variants.box, folded);
  const sliders = Object.entries(p.sliders).map(([key, { box }]) => [key, [box]]);
  p.parts = Object.fromEntries(sliders);
  p.parts.phi.push(p.curveBox); // a click on the curve moves φ
  Object.assign(p.parts, {
    architecture: [baseline],
    by: [p.by.box],
    lock: [p.formula],
    role: [p.roles.box],
    variant: [p.variants.box],
  });
  panels.set(root, p);
  new ResizeObserver(([entry]) => {
    p.width = Math.round(entry.contentRect.width);
    render();
  }).observe(root);
}

function buildPhi(p) {
  const slider = buildSlider(p, "phi");
  p.play = make("button", { type: "button", class: "play", "aria-label": "Walk φ" }, "▶");
  p.play.onclick = () => (p.walk ? stopWalk(p) : startWalk(p));
  slider.querySelector(".line").prepend(p.play);
  p.curve = buildCurve((index) => release("phi", index));
  p.curveBox = make("div", { class: "curve-box" }, p.curve.svg);
  return slider;
}

function buildSlider(p, key) {
  const { label, what, at } = S.spec.sliders[key];
  const range = make("input", { type: "range", min: 0, max: at.length - 1, step: 1 });
  range.setAttribute("aria-label", `${label}, ${what}`);
  const typed = make("input", { type: "text", inputmode: "decimal", class: "typed" });
  typed.setAttribute("aria-label", `${label}, type a value`);
  const line = make("div", { class: "line" }, make("b", {}, label), make("span", {}, what), typed);
  const box = make("div", { class: `slider ${key}` }, line, range);
  let timer = 0;
  let held = false;
  box.onpointerenter = () => touch(key);
  range.onfocus = () => touch(key);
  range.onpointerdown = () => {
    held = true;
    touch(key);
  };
  range.oninput = (event) => {
    stopWalk(p);
    clearTimeout(timer);
    S.drag = { key, index: Number(range.value) };
    render(event.timeStamp);
  };
  range.onchange = () => {
    const index = Number(range.value);
    clearTimeout(timer);
    if (held) release(key, index);
    else timer = setTimeout(() => release(key, index), KEY_REST_MS);
    held = false;
  };
  range.onpointercancel = () => {
    held = false;
    S.drag = null;
    render();
  };
  typed.onkeydown = (event) => {
    if (event.key === "Enter") typed.blur();
    if (event.key === "Escape") {
      typed.value = p.sliders[key].text;
      typed.blur();
    }
  };
  typed.onblur = () => {
    const value = Number(typed.value.replace(",", "."));
    if (typed.value !== p.sliders[key].text && typed.value.trim() && Number.isFinite(value)) {
      send({ act: "type", set: { [key]: value } });
    }
    render();
  };
  p.sliders[key] = { box, range, typed, text: "" };
  return box;
}

function chips(label, items, pick) {
  const buttons = items.map(([value, title]) =>
    make("button", { type: "button", "data-value": value, onclick: () => pick(value) }, title),
  );
  const row = make("div", { class: "chips", role: "group", "aria-label": label }, ...buttons);
  const title = make("span", { class: "label" }, label);
  return { box: make("div", { class: "choice" }, title, row), buttons };
}

/** What was published after the paper stands behind a word that says so. */
function markLater(buttons) {
  const later = buttons.filter((button) => S.spec.later.includes(button.dataset.value));
  const group = make("span", { class: "later", title: S.spec.laterHelp }, make("small", {}, "later:"));
  later[0].before(group);
  group.append(...later);
}

function action(title, onclick) {
  return make("button", { type: "button", class: "act", onclick }, title);
}

function choose(set) {
  send({ act: "choose", set });
}

/** φ by itself, position after position, until the end or the next click. */
function startWalk(p) {
  touch("phi");
  const last = S.spec.sliders.phi.at.length - 1;
  let index = Number(p.sliders.phi.range.value);
  if (index >= last) index = -1;
  p.walk = setInterval(() => {
    if (!tableFor("phi")) return;
    index += 1;
    S.drag = { key: "phi", index };
    if (index >= last || typeof tableFor("phi").rows[index] === "string") stopWalk(p);
    else render(performance.now());
  }, still() ? 500 : 110);
  render();
}

function stopWalk(p) {
  if (!p.walk) return;
  clearInterval(p.walk);
  p.walk = 0;
  if (S.drag) release("phi", S.drag.index);
}

function drawControls(root, view) {
  if (!panels.has(root)) buildControls(root);
  const p = panels.get(root);
  const { now } = S;
  root.dataset.by = now.by;
  if (p.away !== now.away) {
    p.away = now.away;
    for (const [key, boxes] of Object.entries(p.parts)) {
      for (const box of boxes) toggle(box, "away", now.away.includes(key));
    }
  }
  p.architecture.value = now.architecture;
  press(p.by.buttons, now.by, (value) => value === "released" && !now.released);
  press(p.variants.buttons, view.texts.variant);
  press(p.roles.buttons, now.role);
  const move = S.drag ?? S.sent;
  for (const [key, slider] of Object.entries(p.sliders)) {
    const text = view.texts[key] ?? "";
    const at = move?.key === key ? move.index : indexOf(key, text);
    const { range, typed } = slider;
    if (S.drag?.key !== key && range.value !== String(at)) range.value = at;
    if (slider.at !== at) range.style.setProperty("--share", at / range.max);
    slider.at = at;
    slider.text = text;
    const free = typed !== root.getRootNode().activeElement;
    if (free && typed.value !== text) typed.value = text;
    // while one slider is held, the others' words can wait for its release
    if (!S.drag || S.drag.key === key) {
      set(range, "aria-valuetext", view.hidden ? text : `${text}: ${view.row.say}`);
    }
  }
  set(p.play, "aria-label", p.walk ? "Stop" : "Walk φ to its end");
  write(p.play, p.walk ? "❚❚" : "▶");
  const cost = view.hidden ? "?" : `${view.row.q[4][1]} · ${view.row.q[4][2]}`;
  write(p.brief, now.by === "formula" ? cost : `${view.row.name}: ${cost}`);
  drawProduct(p, view);
  p.lock.checked = now.lock;
  write(p.lockText, view.texts.lock ?? now.texts.lock);
  p.two.hidden = now.two;
  p.reset.hidden = now.paper;
  if (now.by === "formula" && p.width) drawCurve(p.curve, view, p.width);
}

function drawProduct(p, view) {
  const { row } = view;
  const built = view.hidden ? "?" : row.built;
  const parts = [
    ["α·β²·γ²", view.texts.product, "by law one step of φ"],
    ["law", row.law, "what this φ should cost"],
    ["built", built, "what the rounded network costs"],
  ];
  const mark = JSON.stringify([parts, S.now.by]);
  if (p.product.dataset.mark === mark) return;
  p.product.dataset.mark = mark;
  const shownParts = S.now.by === "formula" ? parts : parts.slice(1);
  p.product.replaceChildren(
    ...shownParts.map(([name, value, why]) =>
      make("span", { title: why }, name + " ", make("b", {}, value)),
    ),
  );
}

function press(buttons, value, gone = () => false) {
  for (const button of buttons) {
    set(button, "aria-pressed", button.dataset.value === value);
    button.hidden = gone(button.dataset.value);
  }
}
