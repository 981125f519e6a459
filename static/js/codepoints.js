// Offsets in texts are Unicode code points, as in Python; JavaScript counts UTF-16 units, of which an emoji has two.

/** Code points before the UTF-16 unit `units`; an offset in the middle of a pair counts as the one before it. */
export function toCodePoints(text, units) {
  let points = 0;
  for (let at = 0; at < units && at < text.length; ) {
    at += width(text, at);
    if (at <= units) points += 1;
  }
  return points;
}

/** The UTF-16 offset at which the code point number `points` begins. */
export function toUtf16(text, points) {
  let at = 0;
  for (let seen = 0; seen < points && at < text.length; seen += 1) at += width(text, at);
  return at;
}

/** The part of a text between two offsets in code points. */
export function slice(text, start, end) {
  return text.slice(toUtf16(text, start), toUtf16(text, end));
}

export function length(text) {
  return toCodePoints(text, text.length);
}

// A lone surrogate, which no text should hold, counts as one, as in Python.
function width(text, at) {
  return text.codePointAt(at) > 0xffff ? 2 : 1;
}
