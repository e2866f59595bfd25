// Create Activation: what its pages cannot say in HTML. Everything is delegated, so swapped content needs no binding.

// An output name that is its column's, or empty, follows it; before htmx reads the form.
document.addEventListener("change", event => {
  const select = event.target.closest?.("select[name=source]");
  if (!select) return;
  const row = select.closest("tr"), output = row.querySelector("[name=output]"), was = row.querySelector("[name=was]");
  if (output.value.trim() && output.value !== was.value) return;
  output.value = was.value = select.value;
}, true);

// A new line takes the focus; where one was removed, the button that adds one.
document.addEventListener("htmx:afterSettle", event => {
  const button = event.detail.requestConfig?.elt;
  if (!button?.matches?.("[name=add], [name=remove]")) return;
  const lines = document.querySelectorAll(`#wizard [name=${button.dataset.last}]`);
  const next = button.name === "add" ? lines[lines.length - 1] : document.getElementById(`add-${button.value.split("-")[0]}`);
  next?.focus();
});

// An answer to what stood there before a newer edit would undo it: only the newest is shown. While lines come and go
// there are no edits.
const inside = element => element.closest?.("#wizard");
const asked = new WeakMap();
let edits = 0;
for (const type of ["input", "change"]) document.addEventListener(type, event => { if (inside(event.target)) edits += 1; }, true);
document.addEventListener("htmx:beforeRequest", event => {
  const { elt, xhr } = event.detail;
  if (!inside(elt)) return;
  if (elt.matches("button")) document.getElementById("wizard").inert = true; else asked.set(xhr, edits);
});
document.addEventListener("htmx:beforeSwap", event => {
  const at = asked.get(event.detail.xhr);
  if (at !== undefined && at !== edits) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:afterRequest", () => { const form = document.getElementById("wizard"); if (form) form.inert = false; });

// Who goes on sends the form whole: what a change in it would have asked for does not come after that.
let leaving = false;
document.addEventListener("submit", event => { leaving ||= event.target.id === "wizard" && !event.defaultPrevented; });
document.addEventListener("htmx:beforeRequest", event => { if (leaving && event.detail.elt.closest("#wizard")) event.preventDefault(); });
addEventListener("pageshow", () => { leaving = false; });
