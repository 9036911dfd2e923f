// The phone that is open: its conversations, and a text from it.
import { Problem, call, get, pageOf, query, tried } from "./api.js";
import { now } from "./clock.js";
import { $, beginning, date, day, enable, h, name, phone as shownPhone, setStatus, setTime, stamp, time } from "./dom.js";

const PAGE = 50;
const LONG = 900;
const ALL = "";

const talk = $("#talk");
const lines = new Map();
let phone = null;
let messages = new Map();
let chosen = ALL;
let next = null;
let replyTo = null;
let close = () => {};

export const current = () => phone;
export const onClose = (listener) => { close = listener; };

const lineOf = (message) => (message.direction === "outbound" ? message.from : message.to);

// A submit may name another sender than the console's line; the conversation is the console's all the same.
function ownLine(message) {
  const of = [...lines.values()].find((line) => message.console !== null && line.console === message.console);
  return of ? of.number : lineOf(message);
}

async function learnLines() {
  if (lines.size) return;
  const it = await get("");
  for (const { code, name: owner, line } of it.consoles) lines.set(line, { number: line, console: code, label: owner });
  for (const { tracking_numbers } of it.accounts) {
    for (const number of tracking_numbers) lines.set(`1${number}`, { number: `1${number}`, console: null, label: "Tracking number" });
  }
  $("#to-line").replaceChildren(...[...lines.values()].map(({ number, label }) =>
    new Option(`${label} · ${shownPhone(number)}`, number)));
}

// Opening ------------------------------------------------------------------------------------------------------------

export async function open(number) {
  const isOther = number !== phone;
  phone = number;
  $("#split").dataset.open = "true";
  $("#handset").hidden = false;
  if (isOther) forget();
  await tried(async () => {
    await learnLines();
    const path = `/phones/${encodeURIComponent(number)}`;
    const [shown, page] = await Promise.all([get(path), get(`${path}/messages${query({ limit: PAGE })}`)]).catch(told(number));
    if (phone !== number || !shown) return;
    showWho(shown);
    const meanwhile = isOther ? messages : []; // what arrived since it was opened is newer than what was asked for then
    messages = new Map([...page.items.map((message) => [message.id, message]), ...meanwhile]);
    next = page.next;
    if (isOther) chooseReply(true);
    draw();
    enable($("#composer"));
    if (isOther) $("#handset-name").focus({ preventScroll: true });
  });
}

/** Of what is no number the phone itself says so. */
const told = (number) => (error) => {
  if (!(error instanceof Problem) || ![404, 422].includes(error.status)) throw error;
  if (phone === number) {
    $("#no-phone").hidden = false;
    $("#no-phone-words").textContent = `There is no phone ${number}: ${error.message}`;
  }
  return [null, null];
};

function forget() {
  $("#no-phone").hidden = true;
  enable($("#composer"), false); // a text from it needs the lines, and the one that it would answer
  messages = new Map();
  chosen = ALL;
  replyTo = null;
  $("#words").value = "";
  $("#handset-name").textContent = shownPhone(phone);
  $("#handset-about").replaceChildren();
  $("#lines").replaceChildren();
  talk.replaceChildren();
}

export function hide() {
  phone = null;
  delete $("#split").dataset.open;
  $("#handset").hidden = true;
}

function showWho(shown) {
  $("#handset-name").replaceChildren(h("bdi", {}, name(shown)));
  const facts = [shownPhone(phone), shown.carrier, shown.recipient_type];
  const out = shown.opted_out.map((line) => h("span", { class: "tag out" }, `opted out of ${lines.get(line)?.label ?? shownPhone(line)}`));
  $("#handset-about").replaceChildren(facts.filter(Boolean).join(" · "), " ", ...out);
}

// The conversation ---------------------------------------------------------------------------------------------------

const inOrder = () => [...messages.values()].sort((a, b) => {
  const [one, other] = [a.timeline[0].at, b.timeline[0].at];
  return one === other ? (a.id < b.id ? -1 : 1) : one < other ? -1 : 1;
});

function draw() {
  const shown = inOrder().filter((message) => chosen === ALL || ownLine(message) === chosen);
  const isAtEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80;
  const items = [];
  if (next) items.push(h("li", { class: "day" }, h("button", { type: "button", class: "quiet small", click: older }, "Earlier texts")));
  let before = null;
  for (const message of shown) {
    const at = day(message.timeline[0].at);
    if (at !== before) items.push(dayMark(message.timeline[0].at));
    before = at;
    items.push(bubble(message));
  }
  talk.replaceChildren(...items);
  $("#talk-empty").hidden = shown.length > 0;
  drawLines();
  if (isAtEnd) talk.scrollTop = talk.scrollHeight;
}

function dayMark(at) {
  const [item, parts] = stamp("day");
  parts.day.textContent = now() && day(now()) === day(at) ? "Today" : date(at);
  return item;
}

function bubble(message) {
  const [fragment, parts] = stamp("bubble");
  const item = fragment.firstElementChild;
  const isFromPhone = message.direction === "inbound";
  item.dataset.message = message.id;
  item.classList.add(isFromPhone ? "mine" : "theirs");
  parts.line.textContent = `${lines.get(ownLine(message))?.label ?? ""} ${shownPhone(lineOf(message))}`.trim();
  parts.line.hidden = lines.size < 2 || (chosen !== ALL && lineOf(message) === chosen);
  showText(parts, message.text);
  setTime(parts.time, message.timeline[0].at, `${time(message.timeline[0].at)} UTC`);
  if (isFromPhone) parts.status.remove();
  else setStatus(parts.status, message.status);
  parts.details.href = pageOf("messages", message.id);
  parts.reply.hidden = isFromPhone;
  parts.reply.addEventListener("click", () => { replyTo = message; showReply(); $("#words").focus(); });
  return item;
}

function showText(parts, text) {
  parts.text.textContent = text;
  if (text.length <= LONG) return;
  parts.text.classList.add("cut");
  parts.more.hidden = false;
  parts.more.textContent = `Show all ${[...text].length.toLocaleString("en")} characters`;
  parts.more.addEventListener("click", () => {
    parts.text.classList.remove("cut");
    parts.more.hidden = true;
  });
}

async function older() {
  const number = phone;
  const page = await tried(() => get(`/phones/${number}/messages${query({ limit: PAGE, after: next })}`));
  if (!page || phone !== number) return;
  for (const message of page.items) messages.set(message.id, message);
  next = page.next;
  const fromEnd = talk.scrollHeight - talk.scrollTop;
  draw();
  talk.scrollTop = talk.scrollHeight - fromEnd;
}

let isWaiting = false;

/** A message of this phone came, or took a status. */
export function arrived(message) {
  const isNew = !messages.has(message.id);
  messages.set(message.id, message);
  if (isNew && message.direction === "outbound" && !$("#words").value) chooseReply(false);
  if (isNew && (message.direction === "inbound" || message.caused_by)) refreshWho();
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    draw();
  });
}

async function refreshWho() {
  const number = phone;
  const shown = await tried(() => get(`/phones/${number}`));
  if (shown && phone === number) showWho(shown);
}

// Which conversation -------------------------------------------------------------------------------------------------

function drawLines() {
  const used = [...new Set([...messages.values()].map(ownLine))];
  const choices = used.length > 1 ? [ALL, ...used] : [];
  const held = document.activeElement?.dataset?.line;
  $("#lines").replaceChildren(...choices.map((line) => h("button", {
    type: "button",
    class: "chip",
    "data-line": line,
    "aria-pressed": String(line === chosen),
    click: () => { chosen = line; chooseReply(true); draw(); },
  }, line === ALL ? "All" : `${lines.get(line)?.label ?? ""} ${shownPhone(line)}`.trim())));
  if (held !== undefined) $(`#lines [data-line="${held}"]`)?.focus();
}

// Writing as the patient ---------------------------------------------------------------------------------------------

/** What a text would answer: the latest message that went to the phone. */
function chooseReply(andLine) {
  const sent = inOrder().filter((message) => message.direction === "outbound" && (chosen === ALL || ownLine(message) === chosen));
  replyTo = sent.at(-1) ?? null;
  if (andLine) $("#to-line").value = replyTo ? ownLine(replyTo) : chosen || lines.keys().next().value;
  showReply();
}

function showReply() {
  if (replyTo) $("#to-line").value = ownLine(replyTo);
  $("#reply-to").hidden = replyTo === null;
  if (replyTo) $("#reply-words").replaceChildren("answering ", h("q", {}, h("bdi", {}, beginning(replyTo.text, 36))));
}

$("#reply-cancel").addEventListener("click", () => { replyTo = null; showReply(); });
$("#to-line").addEventListener("change", () => { replyTo = null; showReply(); });

async function say(text) {
  const to = $("#to-line").value;
  const said = await tried(() => (replyTo
    ? call("POST", `/messages/${replyTo.id}/reply`, { text })
    : call("POST", "/inbound", { from: phone, to, text })));
  if (!said) return false;
  for (const message of [said.inbound, said.answer]) if (message) arrived(message);
  talk.scrollTop = talk.scrollHeight;
  return true;
}

for (const button of document.querySelectorAll("[data-quick]")) {
  button.addEventListener("click", () => say(button.dataset.quick));
}

$("#composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = $("#words");
  const text = words.value;
  if (!text.trim()) return words.focus();
  words.value = "";
  if (!(await say(text))) words.value = text;
  words.focus();
});
$("#words").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("#composer").requestSubmit();
  }
});
$("#handset-close").addEventListener("click", () => close());
$("#handset").addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
