// How many labels: the chosen way, its slider, and new decisions on answers that are there.

import { fill } from "./answers.js";
import { find } from "./elements.js";

const RESULTS = 8; // in one request for other decisions
const USUAL_K = 20; // the end of the slider for k, unless the model's own k is near it or beyond

const scales = { // a way's parameter as a slider: its ends and step, its words, and what a place stands for
  threshold: { min: 0, max: 1, step: 0.01, words: "probability above", value: Number, place: Number },
  k: { min: 0, max: USUAL_K, step: 1, words: "labels of every photograph", value: Number, place: Number },
  beta: { min: -3, max: 3, step: 0.1, words: "precision \u2194 recall, beta", value: (at) => 2 ** at, place: Math.log2 },
};
let ways = [];
let known = 0;

const chosen = () => ways.find(({ name }) => name === find("way").value);
const sliding = (way) => Object.keys(scales).find((name) => name in way.parameters);

export function showWays(answer) {
  ways = answer.ways;
  known = answer.labels.length;
  for (const { name, title } of ways) find("way").append(new Option(title, name));
  find("deciding").hidden = !ways.length;
}

export function override() {
  const way = chosen();
  const slid = way && sliding(way);
  const asked = {
    decision: find("way").value,
    ...(slid && { [slid]: scales[slid].value(find("slider").querySelector("input").valueAsNumber) }),
    least: find("least").value,
    most: find("most").value,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ""));
}

function showSlider() {
  const way = chosen();
  const name = way && sliding(way);
  find("slider").hidden = !name;
  if (!name) return;
  const scale = scales[name];
  const input = find("slider").querySelector("input");
  const max = name === "k" ? Math.min(known, Math.max(scale.max, 2 * way.parameters.k)) : scale.max;
  Object.assign(input, { min: scale.min, max, step: scale.step });
  input.value = scale.place(way.parameters[name]);
  find("slider").querySelector("span").textContent = scale.words;
  showValue();
}

function showValue() {
  const way = chosen();
  const name = way && sliding(way);
  if (name) find("slider").querySelector("output").textContent = Number(override()[name]).toFixed(name === "k" ? 0 : 2);
}

async function decideAll() {
  if (decideAll.running) {
    decideAll.again = true;
    return;
  }
  decideAll.running = true;
  const place = find("deciding").querySelector(".error");
  do {
    decideAll.again = false;
    const sections = [...find("cards").querySelectorAll("section")];
    try {
      for (let first = 0; first < sections.length; first += RESULTS) {
        await decide(sections.slice(first, first + RESULTS));
      }
      place.hidden = true;
    } catch (error) {
      place.textContent = error.message;
      place.hidden = false;
    }
  } while (decideAll.again);
  decideAll.running = false;
  for (const card of find("cards").children) card.compare?.();
}

async function decide(sections) {
  const { decision, ...numbers } = override();
  const asked = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
  const results = sections.map(({ result }) => ({
    ranking: result.ranking,
    predicted_quantity: result.predicted_quantity,
    known_tags: result.known_tags,
  }));
  const body = JSON.stringify({ results, ...(decision && { decision }), ...asked });
  const response = await fetch("/decide", { method: "POST", body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  sections.forEach((section, at) => {
    const { result } = section;
    result.annotations = answer.annotations[at].map((name) => result.ranking.find(({ label }) => label === name));
    fill(section);
  });
}

find("way").addEventListener("input", showSlider);
find("deciding").addEventListener("submit", (event) => event.preventDefault());
find("deciding").addEventListener("input", () => {
  showValue();
  decideAll();
});
