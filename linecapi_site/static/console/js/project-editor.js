// The Project Editor: the files as a tree, one of them open at a time, what is unsaved, and what the server found wrong at
// its line. Runs beside console.js and htmx. Without it all files stand below each other, and Save and Check work as well.
const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];
const form = $("#peform"), tree = $("#tree"), box = $("#files"), guarded = form.hasAttribute("data-guard");
const LANGUAGES = {dig: "yaml", yml: "yaml", yaml: "yaml", sql: "sql"};
const sections = () => $$(".pe-f", box);
const part = (section, name) => form.elements[`${name}-${section.dataset.n}`];
const pathOf = section => part(section, "path").value.trim();
const isGone = section => !!part(section, "gone")?.checked;
const editorOf = section => $("code-editor", section);
let current = null, added = 0;

// --- the tree: files of the top folder, then folders with theirs
function branch(entries, prefix) {
  const list = document.createElement("ul"), folders = new Map();
  for (const entry of entries) {
    const rest = entry.path.slice(prefix.length), slash = rest.indexOf("/");
    if (slash < 1) list.append(leaf(entry, rest || "(no path yet)"));
    else folders.set(rest.slice(0, slash), [...(folders.get(rest.slice(0, slash)) ?? []), entry]);
  }
  for (const [name, inside] of folders) {
    const item = document.createElement("li"), title = document.createElement("span");
    title.className = "pe-dir"; title.append(icon("folder"), name);
    item.append(title, branch(inside, `${prefix}${name}/`));
    list.append(item);
  }
  return list;
}
function leaf({section}, name) {
  const item = document.createElement("li"), link = document.createElement("a"), wrong = problemsOf(section).length;
  link.href = `#${section.id}`;
  link.append(icon("file"), Object.assign(document.createElement(isGone(section) ? "del" : "span"), {textContent: name}));
  if (section === current) link.setAttribute("aria-current", "true");
  if (isGone(section)) link.append(said(" is to be deleted"));
  else if (isChanged(section)) link.append(Object.assign(said(" is changed"), {className: "pe-dot"}));
  if (wrong) link.append(icon("problem"), said(` ${wrong} ${wrong === 1 ? "problem" : "problems"}`));
  item.append(link);
  return item;
}
const icon = name => $(`[data-icon=${name}]`, $("#icons").content).firstElementChild.cloneNode(true);
const said = text => { const word = document.createElement("span"), inner = document.createElement("span"); inner.className = "sr"; inner.textContent = text; word.append(inner); return word; };
function drawTree() {
  const entries = sections().map(section => ({section, path: pathOf(section)}));
  entries.sort((a, b) => a.path.localeCompare(b.path, "en"));
  const focused = tree.contains(document.activeElement);
  tree.replaceChildren(branch(entries, ""));
  if (focused) $("[aria-current]", tree)?.focus();
}

// --- one file is open
function open(section) {
  current = section;
  for (const one of sections()) one.hidden = one !== section;
  editorOf(section)?.removeAttribute("lazy");
  markAll(section);
  drawTree();
}
const byNumber = n => sections().find(section => section.dataset.n === n);
tree.addEventListener("click", e => {
  const link = e.target.closest("a");
  if (!link) return;
  e.preventDefault();
  open(document.getElementById(link.hash.slice(1)));
});
function addFile() {
  const n = `9${String(++added).padStart(4, "0")}`, made = $("#new-file").content.firstElementChild.cloneNode(true);
  for (const one of [made, ...$$("[id], [name], [for]", made)])
    for (const name of ["id", "name", "for"]) if (one.getAttribute(name)) one.setAttribute(name, one.getAttribute(name).replace(/-new$/, `-${n}`));
  made.dataset.n = n;
  box.append(made);
  open(made);
  part(made, "path").focus();
}
$("#add")?.addEventListener("click", addFile);
function rename(section) {
  const path = pathOf(section), editor = editorOf(section), language = LANGUAGES[path.split(".").pop()] ?? "text";
  section.setAttribute("aria-label", path || "New file");
  if (editor && editor.dataset.language !== language) editor.dataset.language = language;
}

// --- unsaved changes: what would be posted now against what was last saved or loaded
const state = section => JSON.stringify(["was", "path", "text"].map(name => part(section, name)?.value ?? "").concat(isGone(section)));
const saved = new Map();
let sent = new Map(), changed = form.hasAttribute("data-changed"), leaving = false;
const isChanged = section => saved.get(section) !== state(section);
const isDirty = () => guarded && (changed || sections().some(isChanged));
function showDirty() { const mark = $("#unsaved"); if (mark) mark.hidden = !isDirty(); }
form.addEventListener("input", e => {
  const section = e.target.closest(".pe-f");
  if (section && e.target.name?.startsWith("path-")) rename(section);
  if (section) drawTree();
  showDirty();
});
addEventListener("beforeunload", e => { if (isDirty() && !leaving) e.preventDefault(); });
document.addEventListener("submit", e => { leaving = e.target === form; });
document.addEventListener("htmx:beforeRequest", e => { if (e.detail.elt.closest("#pehead")) sent = new Map(sections().map(section => [section, {state: state(section), path: pathOf(section), gone: isGone(section)}])); });
// whoever is led to sign in again is asked first
document.addEventListener("htmx:afterRequest", e => { const to = e.detail.xhr.getResponseHeader("HX-Redirect"); if (to && !to.includes("/sign-in")) leaving = true; });

// --- after a save the page stands where the server does
document.addEventListener("project-saved", () => {
  for (const [section, {state: then, path, gone}] of sent) {
    if (gone) { saved.delete(section); section.remove(); continue; }
    const same = state(section) === then;
    part(section, "was").value = path;
    saved.set(section, same ? state(section) : then);
  }
  changed = false; $("#note").value = "";
  if (!current?.isConnected) open(sections()[0]);
  drawTree(); showDirty();
});

// --- what the server found wrong, at its place in the text
const problemsOf = section => $$(`#problems a[data-n="${section.dataset.n}"]`);
function markAll(section) {
  const found = problemsOf(section).map(link => ({line: Number(link.dataset.line), column: Number(link.dataset.column), message: link.parentElement.lastElementChild.textContent}));
  editorOf(section)?.markAll?.(found);
}
function markCurrent() { if (current) markAll(current); drawTree(); showDirty(); }
document.addEventListener("click", e => {
  const link = e.target.closest("#problems a");
  if (!link) return;
  e.preventDefault();
  const section = byNumber(link.dataset.n);
  open(section);
  editorOf(section)?.goTo(Number(link.dataset.line), Number(link.dataset.column));
});
document.addEventListener("htmx:afterSettle", e => { if (e.detail.target.id === "pehead") markCurrent(); });

// --- keys, wherever the focus is
document.addEventListener("keydown", e => {
  if (e.defaultPrevented || !(e.ctrlKey || e.metaKey) || e.altKey || e.key.toLowerCase() !== "s" || !$("#save")) return;
  e.preventDefault(); $("#save").click();
});
form.addEventListener("keydown", e => { if (e.key === "Enter" && e.target.matches("input[name^=path-]")) e.preventDefault(); });

customElements.whenDefined("code-editor").then(() => {
  form.setAttribute("data-tree", "");
  if ($("#add")) $("#add").hidden = false;
  for (const section of sections()) saved.set(section, state(section));
  const wrong = $("#problems a"), chosen = sections().find(section => pathOf(section) === box.dataset.open);
  const first = (wrong && byNumber(wrong.dataset.n)) ?? chosen ?? sections().find(section => pathOf(section).endsWith(".dig")) ?? sections()[0];
  if (first) open(first);
  if (chosen && box.dataset.line) editorOf(chosen)?.goTo(Number(box.dataset.line), 1);
  showDirty();
});
