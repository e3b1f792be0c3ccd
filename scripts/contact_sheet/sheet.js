"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const items = [...document.querySelectorAll("[data-find]")].map((element) => [element, element.dataset.find.toLowerCase()]);
  const sections = [...document.querySelectorAll("[data-section]")];
  const viewer = byId("viewer");
  const query = document.body.dataset.query;
  let current = null;

  const search = () => {
    const words = byId("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [element, text] of items) {
      element.hidden = !words.every((word) => text.includes(word));
      found += !element.hidden;
    }
    for (const section of sections) {
      section.hidden = !section.querySelector("[data-find]:not([hidden])");
      if (words.length && section.tagName === "DETAILS") section.open = true;
    }
    byId("found").textContent = words.length ? `${found.toLocaleString("en")} of ${items.length.toLocaleString("en")} found` : "";
  };

  // Presigned addresses have most of their query in common: the page contains it once.
  const complete = (address) => (query ? `${address}&${query}` : address);

  const figure = ([name, address, width, height, caption]) => {
    const element = document.createElement("figure");
    const link = document.createElement("a");
    const image = width ? new Image(width, height) : new Image();
    const text = document.createElement("figcaption");
    image.src = link.href = complete(address);
    image.alt = `${name} of ${current.title}`;
    text.textContent = `${name}: ${caption}`;
    if (!width) image.addEventListener("load", () => {
      text.textContent = `${name}: ${image.naturalWidth} × ${image.naturalHeight} px, ${caption}`;
    });
    link.append(image);
    element.append(link, text);
    return element;
  };

  const show = (card) => {
    const photo = JSON.parse(card.dataset.photo);
    current = card;
    byId("viewer-title").textContent = card.title;
    byId("pictures").replaceChildren(...photo.pictures.map(figure));
    byId("pdf").hidden = !photo.pdf;
    if (photo.pdf) [byId("pdf").textContent, byId("pdf").href] = [photo.pdf[0], complete(photo.pdf[1])];
    if (!viewer.open) viewer.showModal();
  };

  const step = (by) => {
    const cards = [...document.querySelectorAll("li:not([hidden]) > .card")];
    show(cards[(cards.indexOf(current) + by + cards.length) % cards.length]);
  };

  for (const image of document.querySelectorAll("img[data-src]")) {
    image.src = complete(image.dataset.src);
    image.closest(".card").href = complete(image.closest(".card").getAttribute("href"));
  }
  byId("query").addEventListener("input", search);
  document.querySelector(".search").addEventListener("submit", (event) => event.preventDefault());
  byId("photos").addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(card);
  });
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
  viewer.addEventListener("close", () => current.focus());
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  search();
})();
