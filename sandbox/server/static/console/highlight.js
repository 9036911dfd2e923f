// Colours JSON and XML, in elements that hold text only.
import { h } from "./dom.js";

const JSON_PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;
const XML_PARTS = /(<!\[CDATA\[|\]\]>)|(<[!?/]?[\w.:-]+[^<>]*>)|(&#?\w+;)/g;
/** Of a longer text the rest stays plain: nobody reads that, and it would take its time. */
const MOST = 60_000;

function pieces(text, pattern, classOf) {
  const made = [];
  let end = 0;
  for (const match of text.slice(0, MOST).matchAll(pattern)) {
    if (match.index > end) made.push(text.slice(end, match.index));
    const [name, word] = classOf(match);
    made.push(h("span", { class: name }, word), match[0].slice(word.length));
    end = match.index + match[0].length;
  }
  return [...made, text.slice(end)].filter((piece) => piece !== "");
}

const json = (text) => pieces(text, JSON_PARTS, ([all, string, colon]) => {
  if (string) return [colon ? "hl-key" : "hl-text", string];
  return ["hl-word", all];
});

const xml = (text) => pieces(text, XML_PARTS, ([all, cdata]) => [cdata ? "hl-faint" : "hl-tag", all]);

/** Fills an element with a text in colour, by its media type. */
export function highlight(element, text, mediaType) {
  if (/json/.test(mediaType)) element.replaceChildren(...json(text));
  else if (/xml/.test(mediaType)) element.replaceChildren(...xml(text));
  else element.textContent = text;
}

/** A body with its JSON laid out, or the fields of its form; anything else as it is. */
export function laidOut(text, mediaType) {
  if (/urlencoded/.test(mediaType)) return [...new URLSearchParams(text)].map(([name, value]) => `${name}: ${value}`).join("\n");
  if (!/json/.test(mediaType)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
