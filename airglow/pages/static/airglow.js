// What the pages do beyond links: filters of the calendar, and arrow keys from night to night. Everything else works
// without this script. The filters are kept in the address, so that they can be sent, and survive going back.
"use strict";

document.documentElement.classList.add("script");

document.addEventListener("DOMContentLoaded", () => {
  if (document.getElementById("filter-state")) startFilters();
  document.addEventListener("keydown", stepWithArrows);
});

function startFilters() {
  const names = ["site", "instrument", "state"];
  const selects = Object.fromEntries(names.map((name) => [name, document.getElementById(`filter-${name}`)]));
  const lines = Array.from(document.querySelectorAll(".line"), (line) => ({
    line,
    site: line.dataset.site,
    instrument: line.dataset.instrument,
    nights: Array.from(line.querySelectorAll(".night")),
  }));
  const sections = Array.from(document.querySelectorAll(".month, .year"));
  const total = lines.reduce((sum, { nights }) => sum + nights.length, 0);

  function show() {
    const { site, instrument, state } = Object.fromEntries(names.map((name) => [name, selects[name].value]));
    let shown = 0;
    for (const one of lines) {
      const wanted = (!site || one.site === site) && (!instrument || one.instrument === instrument);
      let left = 0;
      for (const night of one.nights) {
        night.hidden = !wanted || Boolean(state && !night.classList.contains(state));
        if (!night.hidden) left += 1;
      }
      one.line.hidden = left === 0;
      shown += left;
    }
    for (const section of sections) section.hidden = !section.querySelector(".line:not([hidden])");
    const filtered = Boolean(site || instrument || state);
    document.getElementById("filter-count").value =
      (filtered ? `${shown.toLocaleString("en")} of ` : "") + `${total.toLocaleString("en")} nights`;
    document.getElementById("filter-none").hidden = shown > 0;
    document.getElementById("filter-reset").disabled = !filtered;
  }

  function remember() {
    const query = new URLSearchParams();
    for (const name of names) if (selects[name].value) query.set(name, selects[name].value);
    const search = String(query) && `?${query}`;
    history.replaceState(null, "", location.pathname + search + location.hash);
    for (const link of document.querySelectorAll("[data-keeps-filters]")) link.search = search;
  }

  function restore() {
    const query = new URLSearchParams(location.search);
    for (const name of names) {
      const wanted = query.get(name) ?? "";
      const known = Array.from(selects[name].options, (option) => option.value);
      selects[name].value = known.includes(wanted) ? wanted : "";
    }
    show();
    remember();
  }

  for (const name of names) {
    selects[name].addEventListener("change", () => {
      show();
      remember();
    });
  }
  document.getElementById("filter-reset").addEventListener("click", () => {
    for (const name of names) selects[name].value = "";
    show();
    remember();
    selects.site.focus();
  });
  restore();
}

// Arrow keys: between the nights of a line in the calendar, and from a night's page to its neighbours.
function stepWithArrows(event) {
  const steps = { ArrowLeft: "prev", ArrowRight: "next" };
  const step = steps[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("select, input, textarea")) return;
  const night = event.target.closest(".days .night");
  if (night) {
    const there = Array.from(night.parentElement.querySelectorAll(".night:not([hidden])"));
    there[there.indexOf(night) + (step === "prev" ? -1 : 1)]?.focus();
    event.preventDefault();
    return;
  }
  const scrolls = document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth;
  const link = document.querySelector(`.steps a[rel=${step}]`);
  if (link && !scrolls) link.click();
}
