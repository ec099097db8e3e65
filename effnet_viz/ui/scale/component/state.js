// What the page shows, kept once for both of its parts: the values the server knows ("now"), the
// tables it has sent, and the slider a hand is on. Numbers are shown as they came, never computed.

const BUS = (globalThis.effnetVizScale ??= {});
const LIVE = "effnet-scale-live"; // on the page while this runs: Streamlit's own widgets step aside
const ASKED = "effnet-scale-asked"; // on the page while a table is on its way
const ROLES = ["baseline", "depth", "width", "resolution", "compound"];
const COEFFICIENTS = ["alpha", "beta", "gamma"];

const S = {
  now: null, // the server's last word: values, texts, the exact row, the curve
  spec: null, // sliders and titles; the same for everybody
  tables: new Map(), // by id: every position of one slider
  drag: null, // {key, index} while a slider is held
  sent: null, // {key, index, seq} from release until the server has answered
  unheard: [], // changes told to the server that it has not answered yet
  asked: null, // the id of the table that is on its way
  hot: null, // the stage under the pointer, in the drawing or the table
  seq: 0,
  controls: null, // {root, send}
  picture: null, // {root, send}
};

const decoder = new TextDecoder();

/** Take a table as it came from the server. */
function takeTable(bytes) {
  const table = JSON.parse(decoder.decode(bytes));
  S.tables.delete(table.id);
  S.tables.set(table.id, table);
  if (S.tables.size > 24) S.tables.delete(S.tables.keys().next().value);
  if (S.asked === table.id) ask(null);
}

/** Take the server's word; what is older than the last release waits for the next one. */
function takeNow(now) {
  if (now.seq < S.seq) return;
  S.now = now;
  S.sent = null;
  S.seq = now.seq;
  S.unheard = [];
  render();
}

/** The table of a slider for the values shown, or undefined until it has come. */
function tableFor(key) {
  return S.tables.get(S.now.tables[key]);
}

/** Ask for a slider's table before it is moved. */
function touch(key) {
  const id = S.now?.tables[key];
  if (!id || S.tables.has(id) || S.asked === id || !S.picture) return;
  ask(id);
  S.picture.send("touched", { key });
}

/** What is on its way, also in the page. */
function ask(id) {
  S.asked = id;
  document.documentElement.classList.toggle(ASKED, id !== null);
}

/**
 * What to draw: the row under the hand, else the server's. Where a position makes no network: the
 * nearest one that does, and the sentence that says why.
 */
function shown() {
  const move = S.drag ?? S.sent;
  const still = { row: S.now.row, texts: S.now.texts, limit: S.now.limit, hidden: S.now.hidden };
  if (!move) return still;
  const table = tableFor(move.key);
  if (!table) return { ...still, waiting: true };
  const at = nearestBuilt(table.rows, move.index);
  const row = table.rows[at];
  const text = table.rows[move.index];
  const limit = typeof text === "string" ? { sentence: text, back: null } : null;
  return { row, texts: { ...S.now.texts, ...row.v }, limit, hidden: false, at };
}

function nearestBuilt(rows, index) {
  for (let step = 0; step < rows.length; step += 1) {
    for (const at of [index - step, index + step]) {
      if (rows[at] && typeof rows[at] !== "string") return at;
    }
  }
  return 0;
}

/** The position of a slider that lies nearest to a text. */
function indexOf(key, text) {
  if (key === "variant") return S.spec.variants.indexOf(text);
  const value = Number(text);
  const at = S.spec.sliders[key].at;
  let best = 0;
  at.forEach((v, i) => {
    if (Math.abs(v - value) < Math.abs(at[best] - value)) best = i;
  });
  return best;
}

/**
 * Tell the server; it answers with the exact values. What it has not answered is told again: of two
 * messages that it gets while it is busy, it may see the last alone.
 */
function send(change) {
  if (!S.controls) return;
  S.seq += 1;
  S.unheard.push({ ...change, seq: S.seq });
  S.controls.send("moved", { changes: S.unheard });
}

/** The slider is let go: its position and all it moved, as the table says. */
function release(key, index) {
  const table = tableFor(key);
  const at = table ? nearestBuilt(table.rows, index) : index;
  const set = {};
  if (table) {
    for (const [name, text] of Object.entries(table.rows[at].v)) {
      set[name] = name === "variant" ? text : Number(text);
    }
  } else {
    set[key] = key === "variant" ? S.spec.variants[index] : S.spec.sliders[key].at[index];
  }
  const sentence = table && typeof table.rows[index] === "string" ? table.rows[index] : null;
  S.drag = null;
  S.sent = { key, index: at };
  send({ act: "slide", key, set, limit: sentence });
  render();
}

let frame = 0;
let started = 0;

/** Draw at the next frame; `since` is the time of the input that asks for it. */
function render(since = 0) {
  if (since && !started) started = since;
  if (frame) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    if (!S.now || !S.spec) return;
    const view = shown();
    if (S.controls) drawControls(S.controls.root, view);
    if (S.picture) drawPicture(S.picture.root, view);
    document.documentElement.classList.toggle(LIVE, Boolean(S.controls && S.picture));
    if (started) measure(started);
    started = 0;
  });
}

/** From an input to the picture on screen, as a measure that a profiler or a test can read. */
function measure(start) {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    if (performance.getEntriesByName("scale-frame").length > 2000) {
      performance.clearMeasures("scale-frame");
    }
    performance.measure("scale-frame", { start, end: performance.now() });
  };
  channel.port2.postMessage(0);
}
