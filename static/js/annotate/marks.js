// The marks of a row in its editor, for each kind of data: what is read from its values and what is made of them.
import { length, slice } from "../codepoints.js";

export const HUES = 6; // as in editors.py
const whole = (text) => (/^\d+$/.test(text ?? "") ? Number(text) : -1);

/** Entities: any label, as many as one likes, none over another. */
export const spans = {
  labels: (known) => known,
  read(values) {
    return parsed(values.entities).map(({ start, end, label }) => ({ start, end, name: label }));
  },
  put(marks, { start, end }, name) {
    const apart = marks.filter((mark) => mark.end <= start || mark.start >= end);
    return [...apart, { start, end, name }].sort((a, b) => a.start - b.start);
  },
  write(marks) {
    return { entities: JSON.stringify(marks.map(({ start, end, name }) => ({ start, end, label: name }))) };
  },
};

/** Relations: one head and one tail. */
export const relation = {
  labels: (_known, [head, tail]) => [head, tail],
  read(values, [head, tail]) {
    const place = (name, role) => ({ start: whole(values[`${role}_start`]), end: whole(values[`${role}_end`]), name });
    return [place(head, "head"), place(tail, "tail")].filter((mark) => mark.start >= 0 && mark.end > mark.start);
  },
  put: (marks, place, name) => [...marks.filter((mark) => mark.name !== name), { ...place, name }],
  write(marks, _text, [head, tail]) {
    const found = { head: marks.find((mark) => mark.name === head), tail: marks.find((mark) => mark.name === tail) };
    return Object.fromEntries(
      Object.entries(found).flatMap(([role, mark]) => [
        [`${role}_start`, String(mark?.start ?? "")],
        [`${role}_end`, String(mark?.end ?? "")],
      ]),
    );
  },
};

/** Answers: one place, or none where the question cannot be answered. */
export const answer = {
  labels: (_known, names) => [names[2]],
  read(values, names) {
    const start = whole(values.answer_start);
    return values.answer_text && start >= 0
      ? [{ start, end: start + length(values.answer_text), name: names[2] }]
      : [];
  },
  put: (_marks, place, name) => [{ ...place, name }],
  write(marks, text) {
    const [mark] = marks;
    if (!mark) return { answer_text: "", answer_start: "" };
    return { answer_text: slice(text, mark.start, mark.end), answer_start: String(mark.start) };
  },
};

function parsed(text) {
  try {
    return JSON.parse(text || "[]");
  } catch {
    return [];
  }
}
