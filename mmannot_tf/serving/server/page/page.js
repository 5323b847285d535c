// The page at /: annotates each photograph without tags and, if it has tags, with them.

import { annotate, newCard } from "./cards.js";
import { showWays } from "./deciding.js";
import { showDownloads, taken } from "./downloads.js";
import { find } from "./elements.js";
import { chosen, dropped } from "./folders.js";
import { showModel, showVocabulary } from "./model.js";
import { isLookedAt } from "./review.js";

const AT_ONCE = 2; // concurrent requests
const NAMED = 10; // files that were passed over
const PHOTOGRAPH = /^image\/|\.hei[cf]$/i; // in a media type, or in a name that the browser has no type of

const queue = [];
let running = 0;
let answered = 0;
let skipped = [];

async function next() {
  if (running === AT_ONCE || !queue.length) return;
  running += 1;
  showStatus();
  await annotate(queue.shift());
  running -= 1;
  answered += 1;
  showStatus();
  next();
}

function showStatus() {
  const left = queue.length + running;
  const more = skipped.length > NAMED ? ` and ${skipped.length - NAMED} more` : "";
  const named = `${skipped.slice(0, NAMED).join(", ")}${more}`;
  const others = skipped.length ? ` Skipped, for they are no photographs: ${named}.` : "";
  find("status").textContent = (left ? `Annotating: ${left} to go.` : `Annotated: ${answered}.`) + others;
  showLooked();
}

function showLooked() {
  const photographs = taken();
  const looked = photographs.filter(({ review }) => isLookedAt(review)).length;
  find("take").hidden = !photographs.length;
  find("looked").textContent =
    `Looked at: ${looked} of ${photographs.length}.${isUnsaved() ? " Not all of it is downloaded yet." : ""}`;
}

const isUnsaved = () => [...find("cards").children].some((card) => card.review.unsaved);

function enqueue(card) {
  queue.push(card);
  next();
}

function addAll(files) {
  const isPhotograph = ([file]) => PHOTOGRAPH.test(file.type || file.name);
  skipped = files.filter((pair) => !isPhotograph(pair)).map(([, path]) => path);
  for (const [file, path] of files.filter(isPhotograph)) {
    const card = newCard(file, path, { asked: enqueue, removed: showStatus });
    find("cards").append(card);
    enqueue(card);
  }
  showStatus();
}

async function addDropped(transfer) {
  try {
    addAll(await dropped(transfer));
  } catch (error) {
    find("status").textContent = `What was dropped cannot be read: ${error.message}`;
  }
}

async function showAll() {
  const answer = await (await fetch("/decisions")).json();
  showWays(answer);
  showVocabulary(answer.labels);
  await showModel();
}

find("ask").addEventListener("submit", (event) => event.preventDefault());
find("choose").addEventListener("click", () => find("folder").click());
for (const id of ["photos", "folder"]) {
  find(id).addEventListener("change", ({ target }) => {
    addAll(chosen(target.files));
    target.value = "";
  });
}
for (const kind of ["dragover", "dragleave", "drop"]) {
  window.addEventListener(kind, async (event) => {
    event.preventDefault();
    find("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") await addDropped(event.dataTransfer);
  });
}
find("cards").addEventListener("looked", showLooked);
window.addEventListener("beforeunload", (event) => isUnsaved() && event.preventDefault());
showDownloads(showLooked);
showAll();
