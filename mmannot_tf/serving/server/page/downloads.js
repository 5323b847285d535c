// Labels to take along: copied, as tables, as JSON, and as sidecars.

import { labels } from "./answers.js";
import { find } from "./elements.js";
import { ABSENT, GIVEN, isLookedAt, kept, names, unsaid } from "./review.js";

const ALL_OTHERS = "*"; // in the column absent: all labels that are not in the column labels
const FORMULA = /^[=+\-@\t\uff1d\uff0b\uff0d\uff20]/; // how a spreadsheet knows a formula

export function taken() { // each annotated photograph, with its tags if it has any
  return [...find("cards").children].flatMap((card) => {
    const result = card.querySelector("section")?.result;
    return result ? [{ path: card.path, review: card.review, result }] : [];
  });
}

const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const table = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";

// `mmannot-records build manifest` leaves out ./ and empty entries, so that no cell begins like a formula
const asPath = (path) => (FORMULA.test(path) ? `./${path}` : path);
const asEntry = (name) => (name === ALL_OTHERS ? "\\x2a" : name.replaceAll(";", "\\x3b"));

function asCell(entries) {
  const cell = entries.map(asEntry).join(";");
  return FORMULA.test(cell) ? `;${cell}` : cell;
}

const asTags = (tags) => asCell(tags.split(/[,;]/).map((tag) => tag.trim()).filter(Boolean));

function manifest(photographs) {
  const rows = photographs.map(({ path, review, result }) => [
    asPath(path),
    asCell(names(review, GIVEN)),
    review.complete ? ALL_OTHERS : asCell(names(review, ABSENT)),
    asTags(result.tags),
  ]);
  return table([["path", "labels", "absent", "tags"], ...rows]);
}

function predictions(photographs) {
  const rows = photographs.map(({ path, result }) => [asPath(path), asCell(labels(result)), asTags(result.tags)]);
  return table([["path", "predicted", "tags"], ...rows]);
}

function asDocument({ path, review, result }) {
  return {
    image: path,
    tags: result.tags,
    annotations: result.annotations,
    given: names(review, GIVEN),
    absent: names(review, ABSENT),
    all_others_absent: review.complete,
  };
}

function download(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function saved(photographs) {
  for (const { review } of photographs) review.unsaved = false;
}

const tell = (text) => (find("status").textContent = text);

function repeated(photographs) { // a warning, where paths do not tell photographs apart
  const paths = photographs.map(({ path }) => path);
  const twice = [...new Set(paths.filter((path, at) => paths.indexOf(path) < at))];
  return twice.length ? ` Several photographs have the same path: ${twice.join(", ")}. Add their folders.` : "";
}

function takeManifest() {
  const all = taken();
  const photographs = all.filter(({ review }) => isLookedAt(review));
  if (!photographs.length) {
    tell("Nothing is looked at yet: accept, reject or add a label first, or download the predictions.");
    return;
  }
  download("manifest.csv", manifest(photographs), "text/csv");
  saved(photographs);
  const left = all.length - photographs.length;
  const others = left ? `; left out ${left} not looked at` : "";
  tell(`Downloaded ${photographs.length} looked at${others}.${repeated(photographs)}`);
}

function takePredictions() {
  const photographs = taken();
  download("predictions.csv", predictions(photographs), "text/csv");
  tell(`Downloaded the predictions for ${photographs.length}; nobody's looking is in them.${repeated(photographs)}`);
}

function takeJson() {
  const photographs = taken();
  download("labels.json", JSON.stringify(photographs.map(asDocument), null, 2), "application/json");
  saved(photographs);
  tell(`Downloaded the labels of ${photographs.length}.`);
}

async function takeSidecars() {
  const photographs = taken();
  const asked = photographs.map(({ path, review, result }) => ({
    path,
    given: names(review, GIVEN),
    predicted: review.complete ? [] : unsaid(review, labels(result)),
    model: result.model, // a newer version may answer by now
  }));
  try {
    const response = await fetch("/sidecars", { method: "POST", body: JSON.stringify({ photographs: asked }) });
    if (!response.ok) throw new Error((await response.json()).error);
    download("sidecars.zip", await response.blob(), "application/zip");
    tell(`Downloaded the sidecars of ${photographs.length}.`);
  } catch (error) {
    tell(error instanceof TypeError ? "The server does not respond." : `No sidecars: ${error.message}`);
  }
}

async function copyLabels() {
  const lines = taken().map(({ path, review, result }) => `${path}: ${kept(review, labels(result)).join(", ")}`);
  await navigator.clipboard.writeText(lines.join("\n"));
  tell(`Copied the labels of ${lines.length}.`);
}

const taking = {
  copy: copyLabels,
  manifest: takeManifest,
  predictions: takePredictions,
  sidecars: takeSidecars,
  json: takeJson,
};
export function showDownloads(changed) {
  for (const [id, take] of Object.entries(taking)) {
    find(id).addEventListener("click", async () => {
      await take();
      changed();
    });
  }
}
