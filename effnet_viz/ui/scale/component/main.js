// The component's two parts, in one module: the controls (their data is a record) and the picture
// (its data is a table). They share one state, so a hand on a slider redraws both at once.

export default function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const part = data instanceof Uint8Array ? "picture" : "controls";
  if (part === "picture") takeTable(data);
  else S.spec = data;
  S[part] = { root, send: setTriggerValue };
  BUS.receive = takeNow;
  if (BUS.last && BUS.last !== S.now) takeNow(BUS.last);
  render();
  return () => {
    if (S[part]?.root === root) S[part] = null;
    if (!S.controls && !S.picture) {
      document.documentElement.classList.remove(LIVE);
      ask(null);
      S.now = S.drag = S.sent = BUS.last = null;
      S.seq = 0;
      S.unheard = [];
    }
  };
}
