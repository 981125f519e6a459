// A text area has line breaks of its own: what nobody has touched stays as it came.
const came = new WeakMap();

export function keepWritten(box, text) {
  box.value = text;
  came.set(box, { text, shown: box.value });
}

export const isTouched = (box) => box.value !== (came.get(box)?.shown ?? box.defaultValue);

export const asWritten = (box) => (came.has(box) && !isTouched(box) ? came.get(box).text : box.value);
