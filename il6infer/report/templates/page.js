// The page without this is whole: a chooser of models, sorting, filters and the search are added to what is there.
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  // One model at a time, the same in all sections of a data set.
  for (const box of document.querySelectorAll("[data-chooser]")) {
    const panels = [...document.querySelectorAll(`.model[data-set="${box.dataset.chooser}"]`)];
    const select = document.createElement("select");
    select.setAttribute("aria-label", "model that is shown");
    for (const p of panels.filter(p => p.parentElement === box.parentElement)) {
      select.add(new Option(p.dataset.label + (p.dataset.doubts ? ` – ${p.dataset.doubts}` : ""), p.dataset.model));
    }
    const label = document.createElement("label");
    label.append("Model ", select); box.append(label);
    select.addEventListener("change", () => choose(box.dataset.chooser, select.value));
  }
  function choose(set, model) {
    for (const p of document.querySelectorAll(`.model[data-set="${set}"]`)) { p.hidden = p.dataset.model !== model; p.open = true; }
    dispatchEvent(new Event("resize"));
    for (const s of document.querySelectorAll(`[data-chooser="${set}"] select`)) s.value = model;
  }
  for (const set of new Set([...document.querySelectorAll("[data-chooser]")].map(b => b.dataset.chooser))) {
    const first = document.querySelector(`.model[data-set="${set}"]`);
    if (first) choose(set, first.dataset.model);
  }
  // A link into a folded part, or to a model that is not shown, opens it.
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const panel = target.closest(".model");
    if (panel) choose(panel.dataset.set, panel.dataset.model);
    for (let d = target; d; d = d.parentElement) if (d.tagName === "DETAILS") d.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal); reveal();
  addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details.printed")) d.open = true; });

  // A cell that begins with a number, after a sign of comparison perhaps, sorts as one.
  const value = cell => { const t = cell.dataset.value ?? cell.textContent.trim(); const n = t.replace("\u2212", "-").match(/^[<>\u2264\u2265~\s]*([+-]?\d[\d.]*(?:e[+-]?\d+)?)/i); return n ? Number(n[1]) : t.toLowerCase(); };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button"; button.className = "sort"; button.append(...head.childNodes); head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const h of table.tHead.rows[0].cells) h.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...body.rows].map(row => [value(row.cells[column]), row]);
        rows.sort(([a], [b]) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1) * (up ? 1 : -1));
        body.append(...rows.map(r => r[1]));
      });
    });
    if (body.rows.length > 8) {
      const filter = document.createElement("input");
      filter.type = "search"; filter.placeholder = "filter rows"; filter.className = "filter"; filter.setAttribute("aria-label", "filter rows of the table below");
      filter.addEventListener("input", () => { const q = filter.value.toLowerCase(); for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(q); });
      (table.closest(".scroll") || table).before(filter);
    }
  }
  // A heading that is jumped to stands below the bar, which has as many lines as there are data sets.
  const bar = document.querySelector("nav");
  if (bar) new ResizeObserver(() => { document.documentElement.style.scrollPaddingTop = `${bar.offsetHeight + 12}px`; }).observe(bar);
  // What scrolls can be reached by the keyboard.
  const reachable = () => { for (const e of document.querySelectorAll(".wide, .scroll, pre")) if (e.scrollWidth > e.clientWidth) e.tabIndex = 0; else e.removeAttribute("tabindex"); };
  addEventListener("resize", reachable); reachable();
  const search = document.querySelector("#search"), hits = document.querySelector("#hits");
  if (search) {
    search.hidden = false;
    const pool = [...document.querySelectorAll("main h2, main h3, main tbody tr, main .claim > summary, main dt")];
    search.addEventListener("input", () => {
      const q = search.value.trim().toLowerCase();
      hits.replaceChildren();
      if (q.length < 2) return;
      const found = pool.filter(e => e.textContent.toLowerCase().includes(q));
      for (const [i, e] of found.slice(0, 12).entries()) {
        const target = e.closest("[id]") && e.id ? e : Object.assign(e, { id: e.id || `found-${pool.indexOf(e)}` });
        const a = document.createElement("a"); a.href = "#" + target.id; a.textContent = e.textContent.trim().replace(/\s+/g, " ").slice(0, 90);
        hits.append(a);
      }
      const note = document.createElement("small"); note.textContent = found.length > 12 ? `and ${found.length - 12} more` : found.length ? "" : "nothing found"; hits.append(note);
    });
    search.addEventListener("keydown", e => { if (e.key === "Escape") { search.value = ""; hits.replaceChildren(); } });
    hits.addEventListener("click", () => { search.value = ""; setTimeout(() => hits.replaceChildren(), 0); });
  }
})();
