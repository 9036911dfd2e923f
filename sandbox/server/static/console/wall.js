// The wall of phones: pages of it as one scrolls, and what comes in without a reload.
import { get, pageOf, query, tried } from "./api.js";
import { now } from "./clock.js";
import { $, beginning, name, phone as shownPhone, setStatus, setTime, short, stamp } from "./dom.js";

const PAGE = 60;
/** Cards that are kept; further ones come again when one scrolls to them. */
const MOST = 600;
const SHOW_EVERY_MS = 120;
const LOOK_UP_EVERY_MS = 1000;
const PREVIEW = 160;

const list = $("#wall");
const cards = new Map();
let search = "";
let next = null;
let isLoading = false;
let asked = 0;
let opened = null;
let open = () => {};

export const onOpen = (listener) => { open = listener; };

// Cards --------------------------------------------------------------------------------------------------------------

function makeCard(shown) {
  const [fragment, parts] = stamp("phone-card");
  const item = fragment.firstElementChild;
  const card = { item, parts, shown, fresh: 0 };
  parts.link.href = pageOf("phones", shown.phone);
  parts.link.dataset.phone = shown.phone;
  parts.name.textContent = name(shown);
  parts.number.textContent = name(shown) === shownPhone(shown.phone) ? "no name" : shownPhone(shown.phone);
  draw(card);
  cards.set(shown.phone, card);
  return card;
}

function draw({ parts, shown, fresh }) {
  const { latest } = shown;
  parts.out.hidden = shown.opted_out.length === 0;
  parts.fresh.hidden = fresh === 0;
  parts.fresh.textContent = `${fresh} new`;
  const said = latest?.direction === "inbound" ? "You: " : "";
  parts.text.textContent = latest ? said + beginning(latest.text, PREVIEW) : "No texts yet";
  parts.status.hidden = !latest || latest.direction === "inbound";
  if (!latest) return;
  const { at } = latest.timeline[0];
  setTime(parts.time, at, short(at, now() ?? at));
  setStatus(parts.status, latest.status);
}

// Pages --------------------------------------------------------------------------------------------------------------

/** The wall from its top. */
export async function load() {
  const mine = ++asked;
  isLoading = true;
  const found = await tried(() => get(`/phones${query({ limit: PAGE, search })}`));
  if (mine !== asked) return;
  isLoading = false;
  list.setAttribute("aria-busy", "false");
  if (!found) return;
  cards.clear();
  held.clear();
  tellHeld();
  list.replaceChildren(...found.items.map((shown) => makeCard(shown).item));
  next = found.next;
  mark(opened);
  tellEmpty();
}

/** The page after the last card, if one scrolls there. */
async function more() {
  if (isLoading || next === null) return;
  const mine = asked;
  isLoading = true;
  const found = await tried(() => get(`/phones${query({ limit: PAGE, search, after: next })}`));
  if (mine !== asked) return;
  isLoading = false;
  if (!found) return;
  const unknown = found.items.filter((shown) => !cards.has(shown.phone));
  list.append(...unknown.map((shown) => makeCard(shown).item));
  next = found.next;
  mark(opened);
  if (!unknown.length) more();
}

/** Drops the last cards, and goes on from there when one scrolls down again. */
function cut() {
  while (list.children.length > MOST) {
    cards.delete($("a", list.lastElementChild).dataset.phone);
    list.lastElementChild.remove();
    const { latest } = cards.get($("a", list.lastElementChild).dataset.phone).shown;
    // Several may have theirs at that very millisecond: they are asked again, and known ones left out.
    next = `${latest ? Date.parse(latest.timeline[0].at) : 0}-999999999999999`;
  }
}

function tellEmpty() {
  const empty = $("#wall-empty");
  empty.hidden = list.children.length > 0;
  empty.textContent = search
    ? "Nobody has a name or number like that."
    : "Nobody is here yet. Send a text to any number, and its phone appears.";
}

new IntersectionObserver((seen) => { if (seen[0].isIntersecting) more(); }, { rootMargin: "600px" }).observe($("#wall-end"));

// What comes in ------------------------------------------------------------------------------------------------------
// Gathered, and shown some times a second: at 50 messages a second a card need not change at each.

const waiting = new Map();
const consentTimers = new Map();
let isShowing = false;
let lookedUpAt = -LOOK_UP_EVERY_MS;
let lookingUp = null;
const held = new Set();

/** A message came, or took a status. `isOpen`: somebody looks at that phone. */
export function arrived(phone, message, isOpen) {
  const count = (waiting.get(phone)?.count ?? 0) + (message.timeline.length === 1 ? 1 : 0);
  waiting.set(phone, { message, isOpen, count });
  if (isShowing) return;
  isShowing = true;
  setTimeout(show, SHOW_EVERY_MS);
}

/** Whether somebody is about to choose a card, which should not move away then. */
const isInUse = () => list.matches(":hover") || list.contains(document.activeElement);

function isOlder(message, other) {
  const [at, otherAt] = [message.timeline[0].at, other.timeline[0].at];
  return at === otherAt ? message.id < other.id : at < otherAt;
}

function show() {
  isShowing = false;
  const moved = [];
  let isAnyUnknown = false;
  for (const [phone, news] of waiting) {
    const card = cards.get(phone);
    if (!card) isAnyUnknown = true;
    else if (take(card, news)) moved.push(card);
  }
  waiting.clear();
  if (isAnyUnknown && !search) lookUp();
  moveUp(inOrder(moved));
}

const inOrder = (some) => some.sort((one, other) => (isOlder(one.shown.latest, other.shown.latest) ? -1 : 1));

/** Shows news on a card; whether it now belongs at the top. */
function take(card, { message, isOpen, count }) {
  const { latest, phone } = card.shown;
  if (latest && isOlder(message, latest)) return false;
  card.shown.latest = message;
  if (count && !isOpen) ring(card, count);
  // A text from a phone, or an answer to one, may have opted it out or in.
  if (message.direction === "inbound" || message.caused_by) lookUpConsent(phone);
  draw(card);
  return latest?.id !== message.id;
}

function ring(card, count) {
  card.fresh += count;
  card.item.classList.remove("ring");
  requestAnimationFrame(() => card.item.classList.add("ring"));
}

/** Puts cards on top, the last of them first, unless somebody would lose their place. */
function moveUp(moved) {
  if (isInUse()) {
    moved.forEach((card) => held.add(card.shown.phone));
    tellHeld();
    return;
  }
  moved.forEach((card) => list.prepend(card.item));
  cut();
}

/** How many phones have news that is not shown on top. */
function tellHeld() {
  $("#news").hidden = held.size === 0;
  $("#news").textContent = `${held.size} with news: show the newest on top`;
}

/** Nobody is about to choose a card any more. */
function release() {
  if (held.size === 0 || isInUse()) return;
  const released = [...held].map((phone) => cards.get(phone)).filter(Boolean);
  held.clear();
  tellHeld();
  moveUp(inOrder(released));
}

for (const event of ["mouseleave", "focusout"]) list.addEventListener(event, () => setTimeout(release));
$("#news").addEventListener("click", () => {
  load();
  scrollTo({ top: 0 });
});

/** A phone that is not on the wall has news: the first page is asked anew, once a second at most. */
function lookUp() {
  if (lookingUp) return;
  const wait = Math.max(0, lookedUpAt + LOOK_UP_EVERY_MS - performance.now());
  lookingUp = setTimeout(async () => {
    lookingUp = null;
    lookedUpAt = performance.now();
    const found = await tried(() => get(`/phones${query({ limit: PAGE })}`));
    if (found && !search) merge(found.items);
  }, wait);
}

/** The first page's phones; those that were not on the wall are new there. */
function merge(items) {
  const unknown = items.filter(({ phone }) => !cards.has(phone)).map(makeCard);
  for (const card of unknown) {
    if (card.shown.phone !== opened) ring(card, 1);
    draw(card);
  }
  moveUp(isInUse() ? unknown : items.toReversed().map(({ phone }) => cards.get(phone)));
  mark(opened);
  tellEmpty();
}

function lookUpConsent(phone) {
  if (consentTimers.has(phone)) return;
  consentTimers.set(phone, setTimeout(async () => {
    consentTimers.delete(phone);
    const shown = await tried(() => get(`/phones/${phone}`));
    const card = cards.get(phone);
    if (!shown || !card) return;
    card.shown.opted_out = shown.opted_out;
    draw(card);
  }, SHOW_EVERY_MS));
}

// Choosing a phone ---------------------------------------------------------------------------------------------------

/** Marks the open phone's card. */
export function mark(phone) {
  $(`a[data-phone="${opened}"]`, list)?.removeAttribute("aria-current");
  opened = phone;
  $(`a[data-phone="${phone}"]`, list)?.setAttribute("aria-current", "true");
  const card = cards.get(phone);
  if (!card) return;
  card.fresh = 0;
  draw(card);
}

list.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-phone]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.dataset.phone);
});

const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "row", ArrowUp: "-row", Home: "first", End: "last" };

list.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (step === undefined || at < 0) return;
  event.preventDefault();
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  const by = { row: columns, "-row": -columns, first: -at, last: links.length - 1 - at }[step] ?? step;
  links[Math.min(Math.max(at + by, 0), links.length - 1)].focus();
});

// Searching ----------------------------------------------------------------------------------------------------------

let typing = null;
$("#search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    search = event.target.value.trim();
    offerNumber();
    load();
  }, 150);
});

/** A whole number can be opened, whoever's it is. */
function offerNumber() {
  const digits = search.replace(/[^\d]/g, "");
  const isWhole = /^[\d +().-]+$/.test(search) && (digits.length === 10 || (digits.length >= 11 && digits.length <= 15));
  const number = digits.length === 10 ? `1${digits}` : digits;
  $("#any-phone").hidden = !isWhole;
  $("#any-phone-open").textContent = `Open ${shownPhone(number)}`;
  $("#any-phone").dataset.phone = number;
}

$("#any-phone").addEventListener("submit", (event) => {
  event.preventDefault();
  open(event.currentTarget.dataset.phone);
});

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  event.preventDefault();
  $("#search").focus();
});
