// The model: its name, its scores, and the labels that it knows.

import { find } from "./elements.js";

const IN_SHORT = { "I-P": "precision", "I-R": "recall", "I-F1": "F1" }; // over all labels of all photographs
export let vocabulary = [];

export function showVocabulary(labels) {
  vocabulary = labels;
  find("known").querySelector("summary").textContent = `The ${labels.length} labels that the model knows`;
  find("known").querySelector("p").textContent = labels.join(", ");
  find("known").hidden = false;
  find("labels").replaceChildren(...labels.map((label) => new Option(label, label)));
}

export async function showModel() {
  const { name, labels, scores } = await (await fetch("/model")).json();
  const short = Object.entries(IN_SHORT).filter(([symbol]) => symbol in scores.values);
  const parts = short.map(([symbol, word]) => `${word} ${scores.values[symbol].toFixed(1)}\u00a0%`);
  find("model").textContent = `${[`Model ${name}: ${labels} labels`, ...parts].join(", ")}.`;
  find("scores").hidden = !scores.text;
  find("scores").querySelector("p").textContent = scores.text;
  addRow("th", Object.keys(scores.values));
  addRow("td", Object.values(scores.values).map((value) => value.toFixed(1)));
}

function addRow(kind, cells) {
  const row = find("scores").querySelector("table").insertRow();
  for (const text of cells) row.appendChild(document.createElement(kind)).textContent = text;
}
