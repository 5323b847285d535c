// Files with their paths: of a chosen folder, and of what is dropped.

const inOrder = (pairs) => pairs.toSorted(([, one], [, other]) => (one < other ? -1 : 1)); // folders have none

export function chosen(files) { // pairs of a file and its path
  const pairs = [...files].map((file) => [file, file.webkitRelativePath || file.name]);
  return files[0]?.webkitRelativePath ? inOrder(pairs) : pairs;
}

export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => [item.webkitGetAsEntry(), item.getAsFile()]);
  const found = await Promise.all(
    entries.map(([entry, file]) => (entry?.isDirectory ? below(entry).then(inOrder) : file ? [[file, file.name]] : [])),
  );
  return found.flat();
}

async function below(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return found; // a reader gives a hundred at once
    for (const entry of entries) found.push(...(entry.isDirectory ? await below(entry) : [await fileOf(entry)]));
  }
}

async function fileOf(entry) {
  const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
  return [file, entry.fullPath.slice(1)];
}
