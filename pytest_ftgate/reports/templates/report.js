"use strict";

// The page is complete without this script; it adds a filter for cases and a copy button.
for (const cases of document.querySelectorAll(".cases")) {
  const filter = cases.querySelector(".filter");
  const search = filter.querySelector("input[type=search]");
  const boxes = [...filter.querySelectorAll("input[type=checkbox]")];
  const count = filter.querySelector("output");
  const items = [...cases.querySelectorAll(".case")];
  const update = () => {
    const words = search.value.toLowerCase();
    const outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let visible = 0;
    for (const item of items) {
      const match = item.textContent.toLowerCase().includes(words);
      item.hidden = !match || !outcomes.has(item.dataset.outcome);
      visible += item.hidden ? 0 : 1;
    }
    count.textContent = `${visible} of ${items.length}`;
  };
  filter.addEventListener("input", update);
  filter.hidden = false;
  update();
}

const copy = document.getElementById("copy");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const text = document.getElementById("verdict").textContent;
    await navigator.clipboard.writeText(JSON.stringify(JSON.parse(text), null, 2));
    copy.textContent = "Copied";
  });
}
