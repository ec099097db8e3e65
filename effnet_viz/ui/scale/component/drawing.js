// Five networks as volumes, to one scale: a slab is a block's output, as high and as wide as its
// map (the width runs into the page) and as long as it has channels. Maps shrink sixteenfold along a
// network, so their sides are drawn on a square-root scale, with a ruler; a button draws them as they
// are. What the baseline has not is lit. The drawing keeps its size until something no longer fits;
// then all of it is drawn smaller, and says so.

const SHINE = [{ opacity: 0.85 }, { opacity: 0 }];
const SLAB_GAP = 1.7;
const STAGE_GAP = 4;
const INTO_X = 0.42; // a map's width, seen from the right: so much to the right ...
const INTO_Y = 0.22; // ... and so much up, of its height
const BASE_SHARE = 0.5; // of the row, for the baseline at scale 1
const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
const RULER_PX = [7, 28, 112];
const BAR_CHANNELS = 200;

const FACES = ["side", "top", "lit", "own"];

/**
 * The shape of one role's network: of the row what the role scales, of the baseline the rest. The
 * head is not a block, and is left out.
 */
function shapeOf(role, row, base) {
  const all = role === "compound";
  return {
    blocks: (all || role === "depth" ? row.r : base.r).slice(0, -1),
    channels: (all || role === "width" ? row.c : base.c).slice(0, -1),
    sides: (all || role === "resolution" ? row.m : base.m).slice(0, -1),
  };
}

function buildDrawing() {
  const svg = draw("svg", { role: "img", class: "networks" });
  const title = draw("title");
  svg.append(title);
  const rows = ROLES.map((role) => {
    const axis = draw("line", { class: "axis" });
    const stages = draw("g", { class: "stages" });
    const name = draw("text", { class: "name" });
    const facts = draw("text", { class: "facts" });
    const cost = draw("text", { class: "cost" });
    const ratio = draw("text", { class: "ratio" });
    const group = draw("g", { class: `row ${role}` }, axis, stages, name, facts, cost, ratio);
    write(name, role);
    svg.append(group);
    return { role, group, axis, stages, name, facts, cost, ratio, parts: [], seen: "" };
  });
  const bars = draw("path", { class: "bars" });
  const barTexts = [...RULER_PX, BAR_CHANNELS].map(() => draw("text", { class: "bar-text" }));
  const scaleText = draw("text", { class: "scale-text" });
  svg.append(bars, ...barTexts, scaleText);
  const drawing = { svg, title, rows, bars, barTexts, scaleText, width: 0, power: 0.5 };
  svg.onpointermove = (event) => hover(drawing, event);
  svg.onpointerleave = () => heat(null);
  return drawing;
}

/** Where things stand for a width; the baseline alone decides the scale. */
function layoutOf(width, power, { blocks, channels, sides }) {
  const narrow = width < 540;
  const pitch = narrow ? 74 : 64;
  const head = narrow ? 24 : 0;
  const left = narrow ? 3 : 132;
  const right = narrow ? 0 : 92;
  const flow = width - left - right - 10;
  const high = (pitch - head) * 0.9;
  const unit = (0.84 * high) / (sides[0] ** power * (1 + INTO_Y));
  const tall = (px) => unit * px ** power;
  const count = blocks.reduce((sum, n) => sum + n, 0);
  const long = blocks.reduce((sum, n, i) => sum + n * channels[i], 0);
  const thick = (BASE_SHARE * flow - count * SLAB_GAP - blocks.length * STAGE_GAP) / long;
  return { narrow, pitch, head, left, right, flow, high, tall, thick, width, power };
}

function lengthOf(shape, at) {
  return shape.blocks.reduce(
    (x, n, i) => x + n * (shape.channels[i] * at.thick + SLAB_GAP) + STAGE_GAP,
    at.tall(shape.sides[shape.sides.length - 1]) * INTO_X,
  );
}

function drawNetworks(drawing, view, base) {
  const { row } = view;
  const shapes = ROLES.map((role) => shapeOf(role, row, base));
  const [own] = shapes;
  const at = layoutOf(drawing.width, drawing.power, own);
  const longest = Math.max(...shapes.map((shape) => lengthOf(shape, at)));
  const tallest = Math.max(...shapes.map((s) => at.tall(s.sides[0]) * (1 + INTO_Y)));
  const need = Math.max(longest / at.flow, tallest / at.high);
  const zoom = ZOOMS.find((z) => z >= need) ?? Math.ceil(need);
  const height = at.pitch * ROLES.length + 40;
  set(drawing.svg, "viewBox", `0 0 ${at.width} ${height}`);
  set(drawing.svg, "height", height);
  toggle(drawing.svg, "narrow", at.narrow);
  drawing.rows.forEach((line, i) => {
    const shape = shapes[i];
    const top = i * at.pitch;
    const middle = top + at.head + (at.pitch - at.head) / 2;
    place(line, at, top, middle);
    drawShape(line, shape, own, at, zoom, middle);
    const [facts, macs, times] = row.q[i];
    const secret = view.hidden && i === ROLES.length - 1;
    write(line.facts, facts);
    write(line.cost, secret ? "?" : macs);
    write(line.ratio, secret ? "guess first" : times);
  });
  drawBars(drawing, at, zoom, height);
  write(drawing.title, S.now.alt);
}

function place(line, at, top, middle) {
  const [nameX, nameY] = at.narrow ? [0, top + 15] : [0, middle - 2];
  const [factsX, factsY] = at.narrow ? [86, top + 15] : [0, middle + 14];
  const [costX, costY] = [at.width, at.narrow ? top + 15 : middle - 2];
  const [ratioX, ratioY] = at.narrow ? [at.width - 70, top + 15] : [at.width, middle + 14];
  for (const [element, x, y] of [
    [line.name, nameX, nameY],
    [line.facts, factsX, factsY],
    [line.cost, costX, costY],
    [line.ratio, ratioX, ratioY],
  ]) {
    set(element, "x", x);
    set(element, "y", y);
  }
}

function drawShape(line, shape, own, at, zoom, middle) {
  const mark = `${zoom}|${at.width}|${at.power}|${middle}|${shape.blocks}|${shape.channels}|${shape.sides}`;
  if (line.seen === mark) return;
  const before = line.shape;
  line.seen = mark;
  line.shape = shape;
  line.spans = [];
  line.stages.style.transition = before ? "" : "none"; // the first drawing comes from nowhere
  line.stages.style.transform = `translate(${at.left}px, ${middle}px) scale(${1 / zoom})`;
  while (line.parts.length < shape.blocks.length) line.parts.push(newStage(line.stages));
  while (line.parts.length > shape.blocks.length) line.parts.pop().group.remove();
  let x = 0;
  shape.blocks.forEach((count, i) => {
    const length = shape.channels[i] * at.thick;
    const side = at.tall(shape.sides[i]);
    const part = line.parts[i];
    const paths = slabs(x, count, length, side, {
      count: Math.min(count, own.blocks[i]),
      length: Math.min(length, own.channels[i] * at.thick),
      side: Math.min(side, at.tall(own.sides[i])),
    });
    for (const face of FACES) set(part[face], "d", paths[face]);
    const end = x + count * (length + SLAB_GAP);
    line.spans.push([at.left + x / zoom, at.left + (end + STAGE_GAP) / zoom, count]);
    const grew =
      before && (before.blocks[i] !== count || before.channels[i] !== shape.channels[i]);
    if (grew && !still()) {
      set(part.glow, "d", paths.lit);
      part.shine?.cancel();
      part.shine = part.glow.animate(SHINE, { duration: 650, easing: "ease-out" });
    }
    x = end + STAGE_GAP;
  });
  line.middle = middle;
  const last = at.tall(shape.sides[shape.sides.length - 1]) * INTO_X;
  set(line.axis, "x1", at.left - 6);
  set(line.axis, "x2", at.left + (x + last) / zoom + 8);
  set(line.axis, "y1", middle);
  set(line.axis, "y2", middle);
}

function newStage(parent) {
  const group = draw("g");
  const part = { group };
  for (const face of [...FACES, "glow"]) {
    part[face] = draw("path", { class: face });
    group.append(part[face]);
  }
  parent.append(group);
  return part;
}

/** All slabs of a stage, one path a face. The axis runs through the middle of the volume. */
function slabs(x, count, length, side, own) {
  const dx = side * INTO_X;
  const dy = side * INTO_Y;
  const y = (dy - side) / 2;
  const f = (value) => Math.round(value * 100) / 100;
  let right = "";
  let upper = "";
  let lit = "";
  let mine = "";
  for (let i = 0; i < count; i += 1) {
    const a = x + i * (length + SLAB_GAP);
    const b = a + length;
    right += `M${f(b)} ${f(y)}l${f(dx)} ${f(-dy)}v${f(side)}l${f(-dx)} ${f(dy)}z`;
    upper += `M${f(a)} ${f(y)}l${f(dx)} ${f(-dy)}h${f(length)}l${f(-dx)} ${f(dy)}z`;
    lit += `M${f(a)} ${f(y)}h${f(length)}v${f(side)}h${f(-length)}z`;
    if (i < own.count) {
      const inset = (side - own.side) / 2;
      mine += `M${f(a)} ${f(y + inset)}h${f(own.length)}v${f(own.side)}h${f(-own.length)}z`;
    }
  }
  return { side: right, top: upper, lit, own: mine };
}

/** The scale, as on a map: how high maps of 7, 28 and 112 pixels are, how long 200 channels. */
function drawBars(drawing, at, zoom, height) {
  const y = height - 4;
  let path = "";
  let x = at.left;
  const say = (i, text) => {
    set(drawing.barTexts[i], "x", x);
    set(drawing.barTexts[i], "y", y);
    write(drawing.barTexts[i], text);
    x += 7 * text.length + 8;
  };
  RULER_PX.forEach((px, i) => {
    path += `M${x} ${y}v${-at.tall(px) / zoom}`;
    x += 4;
    say(i, i === RULER_PX.length - 1 ? `${px} px of map` : `${px}`);
  });
  x += 6;
  path += `M${x} ${y - 4}h${(BAR_CHANNELS * at.thick) / zoom}`;
  x += (BAR_CHANNELS * at.thick) / zoom + 5;
  say(RULER_PX.length, at.narrow ? `${BAR_CHANNELS} ch.` : `${BAR_CHANNELS} channels`);
  set(drawing.bars, "d", path);
  set(drawing.scaleText, "x", at.width);
  set(drawing.scaleText, "y", y - 18);
  write(drawing.scaleText, zoom === 1 ? "" : `drawn at 1 : ${zoom}`);
}

/** The stage under the pointer is lit in all rows and in the table, and says what it costs. */
function hover(drawing, event) {
  const box = drawing.svg.getBoundingClientRect();
  const x = event.clientX - box.left;
  const y = event.clientY - box.top;
  const line = drawing.rows.find((l) => l.middle && Math.abs(l.middle - y) < 30);
  const stage = line?.spans.findIndex(([a, b]) => x >= a && x < b) ?? -1;
  if (stage < 0) return heat(null);
  const [a, b, count] = line.spans[stage];
  const block = Math.min(count, 1 + Math.floor(((x - a) / (b - a)) * count));
  return heat({ stage, role: line.role, block, count, x, y: line.middle });
}

function heat(hot) {
  const same = S.hot?.stage === hot?.stage && S.hot?.role === hot?.role;
  if (same && S.hot?.block === hot?.block) return;
  S.hot = hot;
  render();
}
