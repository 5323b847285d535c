// Elements of the page, by their ids.

export const find = (id) => document.getElementById(id);
export const copy = (id) => find(id).content.firstElementChild.cloneNode(true);
