// The cards of photographs: each annotated, and looked at by a person.

import { change, column, fill, labels, markAll } from "./answers.js";
import { override } from "./deciding.js";
import { copy, find } from "./elements.js";
import { vocabulary } from "./model.js";
import { GIVEN, newReview, say, unsaid, words } from "./review.js";

const ALL = 999999999; // the server ranks as many labels as there are

async function ask(file, tags, own = false) {
  const form = new FormData();
  form.append("images", file, file.name);
  form.append("tags", tags);
  if (own) form.append("tags_from", "metadata");
  let response;
  let answer;
  try {
    const query = new URLSearchParams({ ranking: ALL, ...override() });
    response = await fetch(`/annotate?${query}`, { method: "POST", body: form });
    answer = await response.json();
  } catch {
    throw new Error("The server does not respond.");
  }
  if (!response.ok) throw new Error(answer.error);
  const [result] = answer.results;
  if (result.error) throw new Error(`Not annotated: ${result.error}.`);
  return { ...result, model: answer.model };
}

export async function annotate(card) {
  const { file } = card;
  const place = (name) => card.querySelector(name);
  if (!card.isConnected) return;
  const tags = place("input").value.trim();
  const request = (card.latest = Symbol());
  card.classList.add("waiting");
  card.setAttribute("aria-busy", "true");
  for (const name of [".error", ".unknown", ".change"]) place(name).hidden = true;
  try {
    const [bare, asked] = await Promise.all([ask(file, ""), (tags || card.own) && ask(file, tags, card.own)]);
    if (card.latest !== request) return; // a newer request replaced this one
    const tagged = asked && asked.tags ? asked : null;
    if (card.own && tagged) place("input").value = tagged.tags;
    card.own = false; // from now on the keywords are in the input, where they can be changed
    answer(card, tagged, bare);
    card.compare = () => {};
    if (tagged) {
      card.compare = () => change(place(".change"), tagged, bare);
      card.compare();
      place(".unknown").hidden = !tagged.unknown_tags.length;
      place(".unknown").textContent = `Not known to the model: ${tagged.unknown_tags.join(", ")}.`;
    }
  } catch (error) {
    if (card.latest !== request) return; // a newer request replaced this one
    place(".error").textContent = error.message;
    place(".error").hidden = false;
  }
  card.classList.remove("waiting");
  card.removeAttribute("aria-busy");
}

function answer(card, tagged, bare) {
  const columns = [...(tagged ? [column("With these tags", tagged)] : []), column("Without tags", bare)];
  Object.assign(columns[0], { review: card.review, changed: () => showReview(card) });
  columns[0].append(card.querySelector(".review"));
  card.querySelector(".answers").replaceChildren(...columns);
  columns.forEach(fill);
}

function showReview(card) {
  const section = card.querySelector("section");
  const { review } = card;
  markAll(section);
  const left = unsaid(review, labels(section.result));
  const place = (name) => card.querySelector(name);
  place(".review").hidden = false;
  place(".absent").hidden = !(review.complete && left.length);
  place(".absent").textContent = `Not accepted, so absent: ${left.join(", ")}.`;
  card.dispatchEvent(new Event("looked", { bubbles: true }));
}

function connectReview(card) {
  const { review } = card;
  const place = (name) => card.querySelector(name);
  place(".add").addEventListener("submit", (event) => {
    event.preventDefault();
    const input = place(".add input");
    for (const name of words(input.value, vocabulary)) say(review, name, GIVEN);
    input.value = "";
    fill(place("section"));
  });
  place(".accept").addEventListener("click", () => {
    for (const name of unsaid(review, labels(place("section").result))) say(review, name, GIVEN);
    showReview(card);
  });
  place(".complete input").addEventListener("change", (event) => {
    Object.assign(review, { complete: event.target.checked, unsaved: true });
    showReview(card);
  });
}

export function newCard(file, path, { asked, removed }) {
  const card = copy("card");
  Object.assign(card, { file, path, review: newReview(), own: find("own").checked });
  const picture = card.querySelector("img");
  picture.src = URL.createObjectURL(file);
  picture.alt = path;
  card.querySelector("figcaption").textContent = path;
  card.querySelector("input").value = find("tags").value;
  card.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    asked(card);
  });
  card.querySelector(".remove").addEventListener("click", () => {
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    URL.revokeObjectURL(picture.src);
    card.remove();
    removed();
    (neighbour?.querySelector("input") ?? find("photos")).focus();
  });
  connectReview(card);
  return card;
}
