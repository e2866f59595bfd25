// Export Results: what its forms cannot say in HTML. Everything is delegated, so swapped content needs no binding.
const inspector = () => document.getElementById("inspector");
const inside = event => inspector()?.contains(event.target);

// the answer to *Done* and *Remove export* replaces #target out of band: tell the page as an edit would
document.addEventListener("htmx:oobAfterSwap", event => {
  if (event.target.id === "target") event.target.dispatchEvent(new Event("change", { bubbles: true }));
});

// "Use tel": choose that column, which checks it, and leave the focus at the field
document.addEventListener("click", event => {
  const button = event.target.closest?.("[data-use]");
  if (!button || !inside(event)) return;
  const select = document.getElementById(button.dataset.for);
  select.value = button.dataset.use;
  select.focus();
  select.dispatchEvent(new Event("change", { bubbles: true }));
});

// an answer to what stood there before a newer change or request would undo it: only the newest is shown
let turn = 0;
const asked = new WeakMap();
document.addEventListener("change", event => { if (inside(event)) turn += 1; }, true);
document.addEventListener("htmx:beforeRequest", event => { if (event.detail.target === inspector()) asked.set(event.detail.xhr, turn += 1); });
document.addEventListener("htmx:beforeSwap", event => {
  if (event.detail.target === inspector() && asked.get(event.detail.xhr) !== turn) event.detail.shouldSwap = false;
});

// where to go on: the first field that was refused, or what says what has happened
document.addEventListener("htmx:afterSettle", event => {
  const panel = inspector();
  if (!panel?.contains(event.detail.target)) return;
  const refused = event.detail.xhr.status === 422 && panel.querySelector("[aria-invalid=true], [data-focus]");
  const lost = document.activeElement === document.body && panel.querySelector("[data-focus]");
  (refused || lost || null)?.focus();
});
