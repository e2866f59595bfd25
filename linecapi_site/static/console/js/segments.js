// The tree of segments: one menu for all segments and one for all folders, and which folders are open.
const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)];

// --- the menus, by their button or by a right click on the row: their addresses get the row's number in place of 0
let from = null;
function open(menu, row, source, at) {
  for (const el of $$("a, form", menu)) {
    const name = el.matches("a") ? "href" : "action";
    el.dataset.address ??= el.getAttribute(name);
    el.setAttribute(name, el.dataset.address.replace(/([/=])0(?=[/?]|$)/, `$1${row.dataset.id}`));
  }
  $("[data-menu-name]", menu).textContent = row.dataset.name;
  menu.classList.toggle("here", !!at);
  menu.showPopover({source});
  menu.style.left = at ? `${Math.max(8, Math.min(at.x, innerWidth - menu.offsetWidth - 8))}px` : "";
  menu.style.top = at ? `${Math.max(8, Math.min(at.y, innerHeight - menu.offsetHeight - 8))}px` : "";
  from = source;
  $("a", menu)?.focus();
}
const rowOf = el => el.closest("[data-menu]");
document.addEventListener("click", e => {
  const button = e.target.closest(".t-more"); if (!button) return;
  const menu = document.getElementById(rowOf(button).dataset.menu), shown = menu.matches(":popover-open");
  if (shown) menu.hidePopover();
  if (!shown || from !== button) open(menu, rowOf(button), button);
});
document.addEventListener("contextmenu", e => {
  if (!e.target.closest(".tree") || e.shiftKey) return; // with Shift the browser's own
  const row = rowOf(e.target), menu = row && document.getElementById(row.dataset.menu); if (!menu) return;
  e.preventDefault();
  if (menu.matches(":popover-open")) menu.hidePopover();
  const box = e.target.getBoundingClientRect(), keyboard = !e.clientX && !e.clientY;
  open(menu, row, $(".t-more", row), {x: keyboard ? box.left : e.clientX, y: keyboard ? box.bottom : e.clientY});
});
document.addEventListener("keydown", e => {
  const menu = e.target.closest?.(".t-menu"), step = {ArrowDown: 1, ArrowUp: -1}[e.key]; if (!menu || !step) return;
  const items = $$("a, button", menu), next = (items.indexOf(document.activeElement) + step + items.length) % items.length;
  e.preventDefault(); items[next].focus();
});

// --- folders stay as they were left, as long as the tab lives
const tree = $("[data-tree]:not([data-found])"), key = `tree:${tree?.dataset.tree}`;
const folders = tree ? $$(".t-fold", tree).map(li => [li.dataset.folder, $("details", li)]) : [];
const left = JSON.parse(sessionStorage.getItem(key) || "{}");
for (const [id, details] of folders) {
  if (id in left) details.open = left[id];
  details.addEventListener("toggle", () => { left[id] = details.open; sessionStorage.setItem(key, JSON.stringify(left)); });
}
