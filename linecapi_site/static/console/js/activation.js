// Create Activation: what its pages cannot say in HTML. Everything is delegated, so swapped content needs no binding.

// An output name that is its column's, or empty, follows it; before htmx reads the form.
document.addEventListener("change", event => {
  const select = event.target.closest?.("select[name=source]");
  if (!select) return;
  const row = select.closest("tr"), output = row.querySelector("[name=output]"), was = row.querySelector("[name=was]");
  if (output.value.trim() && output.value !== was.value) return;
  output.value = was.value = select.value;
}, true);

// What is being typed, and what someone has opened, is newer than any answer.
addEventListener("load", () => {
  window.Idiomorph.defaults.ignoreActiveValue = true;
  window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node, kind) => !(name === "open" && kind === "remove" && node.matches("details"));
});

// A new line takes the focus; where one was removed, the button that adds one.
document.addEventListener("htmx:afterSettle", event => {
  const button = event.detail.requestConfig?.elt;
  if (!button?.matches?.("[name=add], [name=remove]")) return;
  const lines = document.querySelectorAll(`#wizard [name=${button.dataset.last}]`);
  const next = button.name === "add" ? lines[lines.length - 1] : document.getElementById(`add-${button.value.split("-")[0]}`);
  next?.focus();
});
