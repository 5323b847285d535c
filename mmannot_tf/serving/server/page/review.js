// What a person says of a photograph's labels: given, absent, or nothing, which is "not looked at".

export const GIVEN = "given";
export const ABSENT = "absent";
const NOTHING = "";

export const newReview = () => ({ said: new Map(), complete: false, unsaved: false });
export const names = (review, state) => [...review.said].filter(([, is]) => is === state).map(([name]) => name);
export const isLookedAt = (review) => review.complete || [...review.said.values()].some((state) => state !== NOTHING);
export const unsaid = (review, predicted) => predicted.filter((name) => !review.said.get(name));

export function kept(review, predicted) { // the labels as the page shows them
  return [...names(review, GIVEN), ...(review.complete ? [] : unsaid(review, predicted))];
}

export function say(review, name, state) {
  review.said.set(name, state);
  review.unsaved = true;
}

export function buttons(review, name, changed) {
  return [["Accept", GIVEN], ["Reject", ABSENT]].map(([word, state]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "say";
    button.value = state;
    button.title = button.ariaLabel = `${word} ${name}`;
    button.addEventListener("click", () => {
      say(review, name, review.said.get(name) === state ? NOTHING : state);
      changed();
    });
    return button;
  });
}

export function mark(item, review) { // shows what is said of a line's label
  const state = review.said.get(item.label) ?? NOTHING;
  item.dataset.said = state || (review.complete ? ABSENT : NOTHING);
  for (const button of item.querySelectorAll(".say")) button.ariaPressed = button.value === state;
}

export function words(text, known) { // the labels that a person typed; one of the model's may hold a comma
  const whole = text.trim();
  const typed = known.includes(whole) ? [whole] : whole.split(/[,;]/);
  const clean = typed.map((word) => word.replaceAll(/[\s\p{Cc}]+/gu, " ").trim()).filter(Boolean);
  return clean.map((word) => (known.includes(word) ? word : (known.find((label) => isSame(label, word)) ?? word)));
}

const isSame = (label, word) => label.toLowerCase() === word.toLowerCase();
