// Files with their paths: of a chosen folder, and of what is dropped.

export const pathOf = (file) => file.webkitRelativePath || file.name;

export async function dropped(transfer) { // pairs of a file and its path
  const entries = [...transfer.items].map((item) => [item.webkitGetAsEntry(), item.getAsFile()]);
  const found = await Promise.all(
    entries.map(([entry, file]) => (entry?.isDirectory ? below(entry) : file ? [[file, pathOf(file)]] : [])),
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
