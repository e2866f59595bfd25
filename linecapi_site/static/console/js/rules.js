// The rule builder: what is typed stays while the server draws the rule anew, where the focus goes, what is unsaved.
// Runs beside console.js and htmx; rules are built and saved without it too.
const $ = (s, r = document) => r.querySelector(s);
const form = $("#rule-form");

// --- an answer to what stood there before something was typed is not shown
let typed = 0;
const sent = new WeakMap(), isDrawing = e => e.detail.requestConfig.elt.id === "drawing";
form.addEventListener("input", () => { typed = performance.now(); });
document.addEventListener("htmx:beforeSend", e => sent.set(e.detail.xhr, performance.now()));
document.addEventListener("htmx:beforeSwap", e => { if (isDrawing(e) && sent.get(e.detail.xhr) < typed) e.detail.shouldSwap = false; }); // the next one is on its way

// --- what was added, or what stood above what was removed
document.addEventListener("htmx:afterSwap", () => $("#builder [data-focus]")?.focus()); // a next answer may come before this one has settled

// --- the count: not again for the same rule; a sample of another rule says so
const rule = () => JSON.stringify([...new FormData(form)].filter(([name]) => name === "node" || /^\d+\./.test(name)));
let counted = "", sampled = "", asked = 0;
const page = Array.from(crypto.getRandomValues(new Uint32Array(4)), n => n.toString(36)).join("");
document.addEventListener("htmx:configRequest", e => { if (["panel", "sample-rows"].includes(e.detail.target.id)) e.detail.parameters.asked = `${page}:${++asked}`; }); // of two the newer wins
document.addEventListener("htmx:beforeRequest", e => {
  if (e.detail.target.id === "sample-rows") sampled = rule();
  if (e.detail.target.id !== "panel") return;
  if (counted === rule()) e.preventDefault();
  counted = rule();
});
document.addEventListener("htmx:afterRequest", e => { if (e.detail.target.id === "panel" && !(e.detail.successful && $("#panel [data-count]"))) counted = ""; });
document.addEventListener("rule-settled", () => { const note = $(".sample-old"); if (note) note.hidden = sampled === rule(); });

// --- unsaved changes
const values = () => JSON.stringify([...new FormData(form)].filter(([name]) => !["counted", "csrfmiddlewaretoken"].includes(name)));
const saved = $("#errors, .alert.warn[role=alert]") ? "" : values();
let leaving = false;
document.addEventListener("submit", e => { leaving = e.target === form; });
addEventListener("beforeunload", e => { if (!leaving && values() !== saved) e.preventDefault(); });
document.addEventListener("keydown", e => { if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "s") { e.preventDefault(); $("#save").click(); } });
