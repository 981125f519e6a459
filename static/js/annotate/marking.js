// A text in which places are marked: selected with the mouse or with arrow keys and Shift. Offsets that come in and go
// out are code points; between them, the DOM's UTF-16 units. A selection never cuts what is seen as one character.
import { toCodePoints, toUtf16 } from "../codepoints.js";

const CURSOR = "marking-cursor";

export class Marking {
  /** `onMark(index)`: a mark was clicked. */
  constructor(element, onMark) {
    this.element = element;
    this.text = "";
    this.anchor = this.head = 0;
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("focus", () => this.#draw());
    element.addEventListener("blur", () => CSS.highlights?.delete(CURSOR));
    element.addEventListener("pointerup", () => setTimeout(() => this.#take()));
    element.addEventListener("click", (event) => {
      const mark = event.target.closest("mark");
      if (mark && getSelection().isCollapsed) onMark(Number(mark.dataset.mark));
    });
  }

  /** `marks`: {start, end, name, hue} in code points; where two overlap, the later one is drawn. */
  show(text, marks) {
    if (text !== this.text) this.anchor = this.head = 0;
    this.text = text;
    this.stops = stops(text);
    const units = marks.map((mark) => ({ ...mark, from: toUtf16(text, mark.start), to: toUtf16(text, mark.end) }));
    const cuts = new Set([0, text.length, ...units.flatMap((mark) => [mark.from, mark.to])]);
    const edges = [...cuts].sort((a, b) => a - b);
    const pieces = edges.slice(0, -1).map((from, n) => this.#piece(from, edges[n + 1], units));
    this.element.replaceChildren(...pieces);
    if (document.activeElement === this.element) this.#draw();
  }

  #piece(from, to, marks) {
    const node = document.createTextNode(this.text.slice(from, to));
    const index = marks.findLastIndex((mark) => mark.from <= from && to <= mark.to);
    if (index < 0) return node;
    const element = document.createElement("mark");
    element.className = `span span-${marks[index].hue}`;
    element.dataset.mark = index;
    if (marks[index].to === to) element.dataset.name = marks[index].name;
    element.append(node);
    return element;
  }

  /** {start, end} in code points; null where nothing is selected. */
  selection() {
    const [from, to] = this.#edges();
    if (from === to) return null;
    return { start: toCodePoints(this.text, from), end: toCodePoints(this.text, to) };
  }

  /** Where the cursor stands, in code points. */
  cursor() {
    return toCodePoints(this.text, this.head);
  }

  select(start, end) {
    this.anchor = toUtf16(this.text, start);
    this.head = toUtf16(this.text, end);
    this.element.focus();
    this.#draw();
  }

  #edges() {
    return this.anchor < this.head ? [this.anchor, this.head] : [this.head, this.anchor];
  }

  // What the mouse has selected, without the white space around it, widened to whole characters.
  #take() {
    const said = getSelection();
    if (!said.rangeCount || !this.element.contains(said.anchorNode) || !this.element.contains(said.focusNode)) return;
    let [from, to] = [said.getRangeAt(0).startContainer, said.getRangeAt(0).endContainer];
    from = this.#offset(from, said.getRangeAt(0).startOffset);
    to = this.#offset(to, said.getRangeAt(0).endOffset);
    if (from < to) {
      while (from < to && /\s/u.test(this.text[from])) from += 1;
      while (from < to && /\s/u.test(this.text[to - 1])) to -= 1;
      from = this.stops.findLast((stop) => stop <= from);
      to = this.stops.find((stop) => stop >= to);
    }
    this.anchor = from;
    this.head = to;
    this.#draw();
  }

  #offset(node, offset) {
    const range = document.createRange();
    range.setStart(this.element, 0);
    range.setEnd(node, offset);
    return range.toString().length;
  }

  #key(event) {
    const to = this.#target(event);
    if (to === null) return;
    event.preventDefault();
    this.head = to;
    if (!event.shiftKey) this.anchor = to;
    this.#draw();
  }

  #target({ key, ctrlKey, altKey, metaKey }) {
    if (metaKey) return null;
    const words = ctrlKey || altKey;
    if (key === "ArrowRight") return this.#next(words ? wordStops(this.text) : this.stops);
    if (key === "ArrowLeft") return this.#last(words ? wordStops(this.text) : this.stops);
    if (key === "Home") return 0;
    if (key === "End") return this.text.length;
    if (key === "ArrowDown") return this.#line("forward");
    if (key === "ArrowUp") return this.#line("backward");
    return null;
  }

  #next(places) {
    return places.find((stop) => stop > this.head) ?? this.text.length;
  }

  #last(places) {
    return places.findLast((stop) => stop < this.head) ?? 0;
  }

  // Only the browser knows where its lines end.
  #line(direction) {
    const said = getSelection();
    const [node, offset] = this.#place(this.head);
    said.setBaseAndExtent(node, offset, node, offset);
    said.modify("move", direction, "line");
    if (!this.element.contains(said.focusNode)) return direction === "forward" ? this.text.length : 0;
    const at = this.#offset(said.focusNode, said.focusOffset);
    return this.stops.findLast((stop) => stop <= at) ?? 0;
  }

  #place(units) {
    const walker = document.createTreeWalker(this.element, NodeFilter.SHOW_TEXT);
    let left = units;
    let node = walker.nextNode();
    while (node && left > node.data.length) {
      left -= node.data.length;
      node = walker.nextNode() ?? null;
    }
    return node ? [node, left] : [this.element, this.element.childNodes.length];
  }

  // The browser shows no cursor in a text that cannot be typed into: the character under it is highlighted.
  #draw() {
    const [anchor, head] = [this.#place(this.anchor), this.#place(this.head)];
    getSelection().setBaseAndExtent(...anchor, ...head);
    CSS.highlights?.delete(CURSOR);
    if (this.anchor !== this.head || !CSS.highlights) return;
    const range = document.createRange();
    range.setStart(...head);
    range.setEnd(...this.#place(this.#next(this.stops)));
    CSS.highlights.set(CURSOR, new Highlight(range));
  }
}

// Where what is seen as one character begins: a family of emoji, a letter with its accents, CR and LF.
function stops(text) {
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  return [...Array.from(segments, (segment) => segment.index), text.length];
}

function wordStops(text) {
  const segments = new Intl.Segmenter(undefined, { granularity: "word" }).segment(text);
  const words = Array.from(segments).filter((segment) => segment.isWordLike);
  return [0, ...words.flatMap(({ index, segment }) => [index, index + segment.length]), text.length];
}
