// The answers of a photograph: labels with bars, where they are cut, and what the tags change.

import { copy } from "./elements.js";
import { buttons, mark } from "./review.js";

const SHOWN = 10; // labels of an answer, or all selected labels if there are more

export const labels = (result) => result.annotations.map((annotation) => annotation.label);
const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

function line(kind, name, probability) {
  const item = document.createElement("li");
  const [label, value, bar] = ["span", "span", "i"].map((tag) => document.createElement(tag));
  item.className = kind;
  item.label = name;
  label.textContent = name;
  value.textContent = probability === undefined ? "added" : percent(probability);
  bar.style.setProperty("--share", `${100 * (probability ?? 0)}%`);
  item.append(label, value, bar);
  return item;
}

function cut(count) {
  const item = document.createElement("li");
  item.className = "cut";
  item.textContent = `cut after ${count}`;
  return item;
}

export function column(title, result) {
  const section = copy("answer");
  section.querySelector("h3").textContent = title;
  section.result = result;
  return section;
}

export function fill(section) {
  const { result } = section;
  const given = result.annotations.length;
  const quantity = result.predicted_quantity?.toFixed(2) ?? "not a number";
  section.querySelector(".quantity").textContent =
    `${given} label${given === 1 ? "" : "s"}; predicted quantity ${quantity}`;
  const shown = result.annotations.map(({ label, probability }) => line("given", label, probability));
  const selected = labels(result);
  const others = result.ranking.filter(({ label }) => !selected.includes(label)).slice(0, Math.max(0, SHOWN - given));
  const rest = others.map(({ label, probability }) => line("rest", label, probability));
  section.querySelector("ol").replaceChildren(...shown, cut(given), ...rest);
  if (section.review) addReview(section);
}

function addReview(section) {
  const { review, result } = section;
  const list = section.querySelector("ol");
  const there = [...list.children].map((item) => item.label);
  for (const name of review.said.keys()) {
    if (there.includes(name)) continue;
    list.append(line("rest", name, result.ranking.find(({ label }) => label === name)?.probability));
  }
  for (const item of list.children) {
    if (item.label !== undefined) item.append(...buttons(review, item.label, section.changed));
  }
  section.changed();
}

export function markAll(section) {
  for (const item of section.querySelectorAll("li:not(.cut)")) mark(item, section.review);
}

export function change(place, tagged, bare) {
  const [now, before] = [labels(tagged), labels(bare)];
  const more = now.filter((name) => !before.includes(name)).map((name) => ["more", `+\u00a0${name}`]);
  const less = before.filter((name) => !now.includes(name)).map((name) => ["less", `\u2212\u00a0${name}`]);
  const words = [...more, ...less].map(([kind, text]) => {
    const word = document.createElement("b");
    word.className = kind;
    word.textContent = text;
    return word;
  });
  const sentence = words.length ? ["The tags change the labels: "] : ["The tags change no label."];
  place.replaceChildren(...sentence, ...words.flatMap((word, at) => (at ? [", ", word] : [word])));
  place.hidden = false;
}
