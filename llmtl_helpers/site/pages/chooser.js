// Swaps picture, reading and table of a widget's static twin. All states are in the page already.
"use strict";
for (const box of document.querySelectorAll(".llmtl-chooser")) {
  const {tables, states} = JSON.parse(box.querySelector("script").textContent);
  const lists = [...box.querySelectorAll("select")];
  const lengths = box.dataset.lengths.split(",").map(Number);
  const picture = box.querySelector("img");
  const show = () => {
    const place = lists.reduce((at, list, i) => at * lengths[i] + list.selectedIndex, 0);
    const [src, alt, reading, table] = states[place];
    if (picture) {
      picture.hidden = !src;
      if (src) picture.src = src;
      picture.alt = alt;
    }
    box.querySelector("figcaption").textContent = reading;
    box.querySelector(".llmtl-table").innerHTML = tables[table];
  };
  lists.forEach(list => list.addEventListener("change", show));
  box.querySelector(".llmtl-lists").hidden = false;
}
