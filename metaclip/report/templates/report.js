"use strict";
// Shows the sampled pairs that have every searched word and belong to the chosen part.
(function () {
  const search = document.getElementById("search");
  const part = document.getElementById("part");
  const found = document.getElementById("found");
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const rows = Array.from(document.querySelectorAll("#sample tbody tr"), (row) => ({
    row, part: row.dataset.part, text: fold(row.textContent),
  }));
  function show() {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of rows) {
      const wanted = (!part.value || one.part === part.value) &&
        words.every((word) => one.text.includes(word));
      one.row.hidden = !wanted;
      shown += wanted ? 1 : 0;
    }
    found.textContent = shown === rows.length ? `${shown} pairs` : `${shown} of ${rows.length} pairs`;
  }
  search.addEventListener("input", show);
  part.addEventListener("change", show);
  search.form.addEventListener("submit", (event) => event.preventDefault());
})();
