// The query page: what is unsaved, running a preview and cancelling it, errors marked in the editor, keys.
// Runs beside console.js and htmx; the page saves, previews and runs without it too.
const $ = (s, r = document) => r.querySelector(s);
const form = $("#qform"), editor = $("#editor"), results = $("#results");
const SCHEDULE = ["repeat", "cron", "time_zone", "delay", "missed", "overlap"].map(name => `schedule-${name}`);
const FIELDS = ["name", "database", "engine", "time_zone", "priority", "retry_limit", "sql", "target", ...SCHEDULE];
const panel = $("#schedule-panel");
const guarded = form.hasAttribute("data-guard"), draftKey = `draft:${location.pathname}`;

// --- unsaved changes: what would be posted now against what was last saved or loaded
const values = () => Object.fromEntries(FIELDS.map(name => [name, form.elements[name]?.value ?? ""]));
const text = v => JSON.stringify({...v, name: v.name.trim(), ...schedule(v)});
// what is stored of a schedule: one that never runs is none, whatever else stands in its fields
function schedule(v) {
  const fields = Object.fromEntries(SCHEDULE.map(name => [name, ""])), repeat = v["schedule-repeat"];
  const line = repeat === "cron" ? v["schedule-cron"].trim() : repeat;
  if (!line || line === "none") return fields;
  return {...fields, ...Object.fromEntries(SCHEDULE.slice(2).map(name => [name, v[name]])), "schedule-cron": line, "schedule-delay": v["schedule-delay"] || "0"};
}
let saved = text(values()), sent = "", changed = form.hasAttribute("data-changed"), leaving = false;
function isDirty() { return guarded && (changed || text(values()) !== saved); }
function showDirty() { const mark = $("#unsaved"); if (mark) mark.hidden = !isDirty(); }
for (const part of [form, panel]) for (const type of ["input", "change"]) part.addEventListener(type, showDirty);
addEventListener("beforeunload", e => { if (isDirty() && !leaving) e.preventDefault(); });
document.addEventListener("submit", e => { leaving = e.target === form; });

// Run leads to the job's page: unsaved text waits here for the way back.
const keepDraft = () => sessionStorage.setItem(draftKey, JSON.stringify({...values(), version: form.elements.version.value}));
function takeDraft() {
  const draft = JSON.parse(sessionStorage.getItem(draftKey) || "null");
  sessionStorage.removeItem(draftKey);
  if (!draft || draft.version !== form.elements.version.value || changed) return;
  for (const name of FIELDS) form.elements[name].value = draft[name];
  editor.value = draft.sql;
  const tell = () => { for (const name of ["database", "engine", "target", "schedule-cron"]) form.elements[name].dispatchEvent(new Event("input", {bubbles: true})); };
  if (document.readyState === "complete") tell(); else addEventListener("load", tell); // htmx listens by then
}

// --- completion follows the database; TD's SQL can be shown as it runs
const database = form.elements.database, engine = form.elements.engine;
function showEngine() { const button = $("#translation"); if (button) button.hidden = !["trino", "hive"].includes(engine.value); }
engine.addEventListener("change", showEngine);
engine.addEventListener("input", showEngine);
function loadSchema() {
  const name = database.selectedOptions[0]?.textContent.trim();
  if (name) editor.dataset.schema = editor.dataset.schemaUrl.replace("DATABASE", encodeURIComponent(name));
}
database.addEventListener("change", loadSchema);

// --- preview: loading state, elapsed time, cancel
let ticket = "", ticking = 0;
const token = () => form.elements.csrfmiddlewaretoken.value;
function cancelPreview() {
  if (ticket) fetch(form.dataset.cancelUrl, {method: "POST", keepalive: true, headers: {"X-CSRFToken": token()}, body: new URLSearchParams({ticket})});
}
function showTemplate(id) { results.replaceChildren($(`#${id}`).content.cloneNode(true)); }
function startPreview() {
  const began = performance.now();
  showTemplate("preview-running");
  ticking = setInterval(() => { const out = $("[data-elapsed]", results); if (out) out.textContent = ((performance.now() - began) / 1000).toFixed(1); }, 100);
}
function endPreview() { clearInterval(ticking); ticket = ""; }
const isPreview = e => e.detail.target === results;
document.addEventListener("htmx:configRequest", e => {
  if (!isPreview(e)) return;
  ticket = Array.from(crypto.getRandomValues(new Uint32Array(4)), n => n.toString(36)).join("");
  e.detail.parameters.ticket = ticket;
});
document.addEventListener("htmx:beforeRequest", e => {
  if (isPreview(e)) startPreview();
  else if (e.detail.elt.closest("#qhead")) sent = text(values());
});
document.addEventListener("htmx:afterRequest", e => {
  if (isPreview(e)) { endPreview(); if (e.detail.failed && e.detail.xhr.status !== 422) showTemplate("preview-lost"); }
  const on = e.detail.xhr.getResponseHeader("HX-Redirect");
  if (!on) return;
  if (e.detail.elt.matches("#run, #run-modes *") && isDirty()) keepDraft();
  leaving = true;
});
addEventListener("pagehide", cancelPreview);
results.addEventListener("click", e => { const b = e.target.closest("[data-preview-cancel]"); if (b) { b.disabled = true; cancelPreview(); } });

// --- what the server found wrong, at its place in the text
function markError() {
  const at = $("[data-error-line]", results), line = Number(at?.dataset.errorLine);
  if (line) editor.mark(line, Number(at.dataset.errorColumn) || 1, $("[data-error-text]", at).textContent);
  else editor.clearMarks();
}
results.addEventListener("click", e => { const b = e.target.closest("[data-go-line]"); if (b) editor.goTo(Number(b.dataset.goLine), Number(b.dataset.goColumn) || 1); });
document.addEventListener("htmx:afterSwap", e => { if (e.detail.target === results) markError(); });

// --- a job's page leads to the line of its error: #line-7
function goToLine() { const line = /^#line-(\d+)$/.exec(location.hash); if (line) editor.goTo(Number(line[1]), 1); }

// --- after a save the page stands where the server does
document.addEventListener("query-saved", () => { saved = sent; changed = false; showDirty(); });
document.addEventListener("htmx:afterSettle", showDirty);

// --- Schedule: its time zone is the query's until it runs by itself; *Save query* is Save; what Save refused is shown
form.elements.time_zone.addEventListener("change", e => { if (form.elements["schedule-repeat"].value === "none") form.elements["schedule-time_zone"].value = e.target.value; });
panel.addEventListener("click", e => { if (e.target.closest("[data-save]")) { e.preventDefault(); $("#save").click(); } });
document.addEventListener("htmx:afterSettle", e => {
  const wrong = e.detail.xhr.status === 422 && e.detail.target.id === "qhead" && $("[aria-invalid=true]", panel);
  if (!wrong) return;
  if (panel.hidden) $("#schedule").click();
  wrong.focus();
});

// --- Export Results: the panel is loaded when it opens
$("#export")?.addEventListener("click", e => { if (e.currentTarget.getAttribute("aria-expanded") !== "true") window.htmx.trigger(e.currentTarget, "open-panel"); });

// --- options that were refused: shown where they stand
function showWrongOption() { const wrong = $("#options [aria-invalid=true]"); if (wrong) { $("#options").showPopover({source: $("#options-open")}); wrong.focus(); } }
document.addEventListener("htmx:afterSettle", e => { if (e.detail.target.id === "qhead") showWrongOption(); });

// --- keys, wherever the focus is
document.addEventListener("keydown", e => {
  if (e.defaultPrevented || !(e.ctrlKey || e.metaKey) || e.altKey) return;
  const button = {s: "save", enter: "run"}[e.key.toLowerCase()];
  if (!button || !$(`#${button}`)) return;
  e.preventDefault(); $(`#${button}`).click();
});

if (location.hash === "#schedule") $("#schedule").click();
customElements.whenDefined("sql-editor").then(() => { if (guarded) takeDraft(); loadSchema(); showEngine(); markError(); showDirty(); goToLine(); showWrongOption(); });
