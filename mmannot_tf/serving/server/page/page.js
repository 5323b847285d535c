// The page at /: annotates each photograph without tags and, if it has tags, with them.

const SHOWN = 10; // labels of an answer, or all selected labels if there are more
const ALL = 999999999; // the server ranks as many labels as there are
const RESULTS = 8; // in one request for other decisions
const AT_ONCE = 2; // concurrent requests
const PHOTOGRAPH = /^image\/|\.hei[cf]$/i; // in a media type, or in a name that the browser has no type of

const find = (id) => document.getElementById(id);
const copy = (id) => find(id).content.firstElementChild.cloneNode(true);
const labels = (result) => result.annotations.map((annotation) => annotation.label);
const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

const scales = { // a way's parameter as a slider: its ends and step, its words, and what a place stands for
  threshold: { min: 0, max: 1, step: 0.01, words: "probability above", value: Number, place: Number },
  k: { min: 0, max: 20, step: 1, words: "labels of every photograph", value: Number, place: Number },
  beta: { min: -3, max: 3, step: 0.1, words: "precision \u2194 recall, beta", value: (at) => 2 ** at, place: Math.log2 },
};
const queue = [];
let ways = [];
let running = 0;
let answered = 0;
let skipped = [];

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
  return result;
}

function line(kind, name, probability) {
  const item = document.createElement("li");
  const [label, value, bar] = ["span", "span", "i"].map((tag) => document.createElement(tag));
  item.className = kind;
  label.textContent = name;
  value.textContent = percent(probability);
  bar.style.setProperty("--share", percent(probability).replace("\u00a0", ""));
  item.append(label, value, bar);
  return item;
}

function cut(count) {
  const item = document.createElement("li");
  item.className = "cut";
  item.textContent = `cut after ${count}`;
  return item;
}

function column(title, result) {
  const section = copy("answer");
  section.querySelector("h3").textContent = title;
  section.result = result;
  fill(section);
  return section;
}

function fill(section) {
  const { result } = section;
  const given = result.annotations.length;
  section.querySelector(".quantity").textContent =
    `${given} label${given === 1 ? "" : "s"}; predicted quantity ${result.predicted_quantity?.toFixed(2) ?? "not a number"}`;
  const shown = result.annotations.map(({ label, probability }) => line("given", label, probability));
  const names = labels(result);
  const others = result.ranking.filter(({ label }) => !names.includes(label)).slice(0, Math.max(0, SHOWN - given));
  const rest = others.map(({ label, probability }) => line("rest", label, probability));
  section.querySelector("ol").replaceChildren(...shown, cut(given), ...rest);
}

function change(place, tagged, bare) {
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

async function annotate(card, file) {
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
    const columns = tagged ? [column("With these tags", tagged)] : [];
    place(".answers").replaceChildren(...columns, column("Without tags", bare));
    card.compare = () => {};
    if (tagged) {
      card.compare = () => change(place(".change"), tagged, bare);
      card.compare();
      place(".unknown").hidden = !tagged.unknown_tags.length;
      place(".unknown").textContent = `Not known to the model: ${tagged.unknown_tags.join(", ")}.`;
    }
  } catch (error) {
    if (card.latest !== request) return; // a newer request replaced this one
    place(".answers").replaceChildren();
    place(".error").textContent = error.message;
    place(".error").hidden = false;
  }
  card.classList.remove("waiting");
  card.removeAttribute("aria-busy");
}

async function next() {
  if (running === AT_ONCE || !queue.length) return;
  running += 1;
  showStatus();
  await annotate(...queue.shift());
  running -= 1;
  answered += 1;
  showStatus();
  next();
}

function override() {
  const way = ways.find(({ name }) => name === find("way").value);
  const slid = way && sliding(way);
  const asked = {
    decision: find("way").value,
    ...(slid && { [slid]: scales[slid].value(find("slider").querySelector("input").valueAsNumber) }),
    least: find("least").value,
    most: find("most").value,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ""));
}

function sliding(way) {
  return Object.keys(scales).find((name) => name in way.parameters);
}

function showSlider() {
  const way = ways.find(({ name }) => name === find("way").value);
  const name = way && sliding(way);
  find("slider").hidden = !name;
  if (!name) return;
  const scale = scales[name];
  const input = find("slider").querySelector("input");
  Object.assign(input, { min: scale.min, max: scale.max, step: scale.step });
  input.value = scale.place(way.parameters[name]);
  find("slider").querySelector("span").textContent = scale.words;
  showValue();
}

function showValue() {
  const way = ways.find(({ name }) => name === find("way").value);
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

async function showWays() {
  const answer = await (await fetch("/decisions")).json();
  ways = answer.ways;
  scales.k.max = Math.min(scales.k.max, answer.labels.length);
  find("known").querySelector("summary").textContent = `The ${answer.labels.length} labels that the model knows`;
  find("known").querySelector("p").textContent = answer.labels.join(", ");
  find("known").hidden = false;
  for (const { name, title } of ways) find("way").append(new Option(title, name));
  find("deciding").hidden = !ways.length;
}

function showStatus() {
  const left = queue.length + running;
  const others = skipped.length ? ` Skipped, for they are no photographs: ${skipped.join(", ")}.` : "";
  find("status").textContent = (left ? `Annotating: ${left} to go.` : `Annotated: ${answered}.`) + others;
  find("take").hidden = !taken().length;
}

function taken() { // the labels of each photograph, with its tags if it has any
  return [...find("cards").children].flatMap((card) => {
    const result = card.querySelector("section")?.result;
    return result ? [{ image: card.file, tags: result.tags, annotations: result.annotations }] : [];
  });
}

function asTable() { // as `mmannot-records build manifest` reads it
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = taken().map(({ image, tags, annotations }) => [
    image,
    annotations.map(({ label }) => label).join(";"),
    tags.split(",").map((tag) => tag.trim()).join(";"),
  ]);
  return [["path", "labels", "tags"], ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function copyLabels() {
  const lines = taken().map(({ image, annotations }) => `${image}: ${annotations.map(({ label }) => label).join(", ")}`);
  await navigator.clipboard.writeText(lines.join("\n"));
  find("status").textContent = `Copied the labels of ${lines.length}.`;
}

function enqueue(card, file) {
  queue.push([card, file]);
  next();
}

function add(file) {
  const card = copy("card");
  card.file = file.name;
  const picture = card.querySelector("img");
  picture.src = URL.createObjectURL(file);
  picture.alt = file.name;
  card.querySelector("figcaption").textContent = file.name;
  card.querySelector("input").value = find("tags").value;
  card.own = find("own").checked;
  card.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    enqueue(card, file);
  });
  card.querySelector(".remove").addEventListener("click", () => {
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    URL.revokeObjectURL(picture.src);
    card.remove();
    showStatus();
    (neighbour?.querySelector("input") ?? find("photos")).focus();
  });
  find("cards").append(card);
  enqueue(card, file);
}

function addAll(files) {
  const photographs = [...files].filter((file) => PHOTOGRAPH.test(file.type || file.name));
  skipped = [...files].filter((file) => !photographs.includes(file)).map((file) => file.name);
  photographs.forEach(add);
  showStatus();
}

for (const id of ["ask", "deciding"]) find(id).addEventListener("submit", (event) => event.preventDefault());
find("copy").addEventListener("click", copyLabels);
find("csv").addEventListener("click", () => download("labels.csv", "text/csv", asTable()));
find("json").addEventListener("click", () =>
  download("labels.json", "application/json", JSON.stringify(taken(), null, 2)),
);
find("way").addEventListener("input", showSlider);
find("deciding").addEventListener("input", () => {
  showValue();
  decideAll();
});
showWays();
find("photos").addEventListener("change", (event) => {
  addAll(event.target.files);
  event.target.value = "";
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  window.addEventListener(kind, (event) => {
    event.preventDefault();
    find("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") addAll(event.dataTransfer.files);
  });
}
