// Cost against φ: the law (dashed), the built network (a staircase), the released variants, and
// where you are. A click goes there.

const CURVE = { width: 280, height: 132, inset: 8, bottom: 14 };

function buildCurve(go) {
  const svg = draw("svg", { role: "img", class: "curve" });
  const title = draw("title");
  const grid = draw("g", { class: "grid" });
  const law = draw("path", { class: "law" });
  const built = draw("path", { class: "built" });
  const released = draw("g", { class: "released" });
  const legend = draw("text", { class: "legend" });
  const stem = draw("line", { class: "stem" });
  const here = draw("circle", { class: "here", r: 5 });
  svg.append(title, grid, law, built, released, legend, stem, here);
  const curve = { svg, title, grid, law, built, released, legend, stem, here, mark: "" };
  svg.onclick = (event) => {
    const box = svg.getBoundingClientRect();
    const share = (event.clientX - box.left - CURVE.inset) / (box.width - 2 * CURVE.inset);
    const { at } = S.spec.sliders.phi;
    go(Math.max(0, Math.min(at.length - 1, Math.round(share * (at.length - 1)))));
  };
  return curve;
}

function drawCurve(curve, view, width) {
  const data = S.now.curve;
  const at = axes(data, width);
  const mark = `${data.id}|${width}|${view.hidden}`;
  if (mark !== curve.mark) {
    curve.mark = mark;
    drawLines(curve, data, at, view.hidden);
  }
  const x = at.x(view.row.x);
  const y = at.y(view.hidden ? view.row.y[0] : view.row.y[1]);
  set(curve.here, "cx", x);
  set(curve.here, "cy", y);
  set(curve.stem, "x1", x);
  set(curve.stem, "x2", x);
  set(curve.stem, "y1", y);
  set(curve.stem, "y2", at.floor);
  toggle(curve.svg, "moved", S.drag && S.drag.key !== "phi");
}

function axes(data, width) {
  const { height, inset, bottom } = CURVE;
  const phis = S.spec.sliders.phi.at;
  const low = phis[0];
  const high = phis[phis.length - 1];
  const costs = [...data.law, ...data.built].filter((v) => v);
  const from = Math.log10(Math.min(...costs)) - 0.08;
  const to = Math.max(Math.log10(Math.max(...costs)), from + 1) + 0.08;
  const floor = height - bottom;
  return {
    width,
    floor,
    from,
    to,
    x: (phi) => inset + ((phi - low) / (high - low)) * (width - 2 * inset),
    y: (cost) => floor - ((Math.log10(cost) - from) / (to - from)) * (floor - 4),
  };
}

function drawLines(curve, data, at, hidden) {
  const phis = S.spec.sliders.phi.at;
  set(curve.svg, "viewBox", `0 0 ${at.width} ${CURVE.height}`);
  set(curve.svg, "height", CURVE.height);
  write(curve.title, data.alt);
  const line = phis.map((phi, i) => `${i ? "L" : "M"}${at.x(phi)} ${at.y(data.law[i])}`);
  set(curve.law, "d", line.join(""));
  let steps = "";
  const half = (at.x(phis[1]) - at.x(phis[0])) / 2;
  phis.forEach((phi, i) => {
    if (!data.built[i]) return;
    const y = at.y(data.built[i]);
    const joined = steps && data.built[i - 1];
    steps += `${joined ? "L" : "M"}${at.x(phi) - half} ${y}H${at.x(phi) + half}`;
  });
  set(curve.built, "d", hidden ? "" : steps);
  set(curve.legend, "x", 44);
  set(curve.legend, "y", 10);
  const lines = hidden ? "╌╌ law" : "╌╌ law  ━━ built";
  write(curve.legend, lines + (data.released.length && !hidden ? "  ◇ released" : ""));
  curve.grid.replaceChildren();
  const every = Math.ceil((at.to - at.from) / 5);
  for (let power = every * Math.ceil(at.from / every); power <= at.to; power += every) {
    const y = at.y(10 ** power);
    curve.grid.append(
      draw("line", { x1: 0, x2: at.width, y1: y, y2: y }),
      draw("text", { x: 0, y: y - 3 }, S.spec.decades[power + 4] ?? ""),
    );
  }
  for (const phi of [-2, 0, 2, 4, 6, 8]) {
    curve.grid.append(
      draw("text", { x: at.x(phi), y: CURVE.height - 2, class: "phi" }, String(phi)),
    );
  }
  curve.released.replaceChildren();
  let labelled = -99;
  for (const [name, phi, built, words] of hidden ? [] : data.released) {
    const x = at.x(phi);
    if (x < 0 || x > at.width) {
      if (x > 0) curve.released.append(beyond(name, words, at.width));
      continue;
    }
    const y = at.y(built);
    curve.released.append(
      draw("path", { d: `M${x} ${y - 4}l4 4l-4 4l-4 -4z` }, draw("title", {}, words)),
    );
    if (x - labelled < 15) continue;
    labelled = x;
    curve.released.append(draw("text", { x: x - 5, y: y - 5 }, name));
  }
}

/** A variant that lies beyond the curve's end: its name at the edge, with an arrow. */
function beyond(name, words, width) {
  return draw("text", { x: width, y: 40 }, `${name} ↗`, draw("title", {}, words));
}
