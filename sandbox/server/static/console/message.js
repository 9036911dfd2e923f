// The page of one message: what happened to it, and how each API shows it.
import { Problem, call, get, pageOf, query, tried } from "./api.js";
import { now } from "./clock.js";
import { $, breakable, copy, h, moment, phone as shownPhone, setStatus, setTime, stamp, toast } from "./dom.js";
import { on } from "./events.js";
import { highlight } from "./highlight.js";

const id = decodeURIComponent(location.pathname.split("/").at(-1));
const path = `/messages/${encodeURIComponent(id)}`;
const LONG = 1200;

const fact = (name, ...value) => {
  const [row, parts] = stamp("fact");
  parts.name.textContent = name;
  parts.value.append(...value);
  return row;
};

function copied(text) {
  const button = h("button", { type: "button", class: "link", title: "Copy", click: () => copy(text, button) }, text);
  return button;
}

const messageLink = (other) => h("a", { href: pageOf("messages", other) }, other);

// What happened to it ----------------------------------------------------------------------------------------------------------

function showAbout(message) {
  const isOutbound = message.direction === "outbound";
  const phone = isOutbound ? message.to : message.from;
  $("#to-phone").href = pageOf("phones", phone);
  $("#to-phone").textContent = `Phone ${shownPhone(phone)}`;
  $("#message-id").textContent = message.id;
  $("#message-title").textContent = isOutbound ? `To ${shownPhone(message.to)}` : `From ${shownPhone(message.from)}`;
  setStatus($("#status"), message.status);
  $("#reason").textContent = message.reason ?? "";
  showText(message.text);
  showFacts(message);
  $("#timeline").replaceChildren(...message.timeline.map(step), ...(message.next ? [nextStep(message.next)] : []));
  showButtons(message.possible);
  $("#callbacks").replaceChildren(...message.callbacks.map(callback));
  $("#no-callbacks").hidden = message.callbacks.length > 0;
}

let isWhole = false;

function showText(text) {
  const isLong = text.length > LONG && !isWhole;
  $("#text").textContent = text;
  $("#text").classList.toggle("cut", isLong);
  const more = $("#text-more");
  more.hidden = !isLong;
  more.textContent = `Show all ${[...text].length.toLocaleString("en")} characters`;
  more.onclick = () => { isWhole = true; showText(text); };
}

function showFacts(message) {
  const { ids } = message;
  const by = { simplepay: "SimplePay", writeback: "staff of Dialog Health", dialogtech: "DialogTech" }[message.vendor];
  const facts = [
    fact("From", shownPhone(message.from)),
    fact("To", shownPhone(message.to)),
    fact("Through", by, message.console ? ` · ${message.console}` : ""),
    fact("Length", `${message.segments} segment${message.segments === 1 ? "" : "s"} · ${message.encoding} · ${[...message.text].length} characters`),
    ...(message.carrier ? [fact("Carrier", message.carrier)] : []),
    ...(ids.sid ? [fact("sid", copied(ids.sid))] : []),
    ...(ids.outgoing_message_id ? [fact("outgoingMessageId", copied(ids.outgoing_message_id))] : []),
    ...(ids.msg_id ? [fact("msg_id", copied(ids.msg_id))] : []),
    ...(message.lead ? [fact("Answers", messageLink(message.lead))] : []),
    ...(message.caused_by ? [fact("Caused by", messageLink(message.caused_by))] : []),
  ];
  $("#facts").replaceChildren(...facts);
}

function step(entry) {
  const [item, parts] = stamp("step");
  setStatus(parts.status, entry.status);
  setTime(parts.time, entry.at, moment(entry.at, now()));
  parts.cause.textContent = entry.forced ? `${entry.cause}, forced` : entry.cause;
  parts.reason.textContent = entry.reason ?? "";
  return item;
}

function nextStep(next) {
  const [item, parts] = stamp("step");
  parts.step.classList.add("ahead");
  setStatus(parts.status, next.status);
  setTime(parts.time, next.at, moment(next.at, now()));
  parts.cause.textContent = "comes by itself";
  return item;
}

function showButtons(possible) {
  $("#status-form").hidden = possible.length === 0;
  const shown = [...document.querySelectorAll("#status-buttons button")].map((button) => button.dataset.status);
  if (shown.join() === possible.join()) return;
  $("#status-buttons").replaceChildren(...possible.map((status) => h("button", {
    type: "button",
    class: "small",
    "data-status": status,
    click: () => report(status),
  }, status)));
}

async function report(status) {
  const [reason, word] = [$("#status-reason").value.trim(), $("#status-word").value.trim()];
  await tried(() => call("POST", `${path}/status`, {
    status,
    ...(reason ? { reason } : {}),
    ...(word ? { vendor_status: word } : {}),
  }));
  await show();
}

// Callbacks ----------------------------------------------------------------------------------------------------------

function callback(told) {
  const [item, parts] = stamp("callback");
  setStatus(parts.status, told.status);
  parts.state.textContent = told.state.replace("_", " ");
  parts.state.dataset.state = told.state;
  parts.url.replaceChildren(...breakable(told.url));
  parts.reason.textContent = told.reason ?? (told.attempts.length ? "" : `Due at ${moment(told.due_at, now())}.`);
  parts.payload.textContent = Object.entries(told.payload).map(([name, value]) => `${name}: ${value}`).join("\n");
  parts.attempts.replaceChildren(...told.attempts.map(attempt));
  parts.redeliver.addEventListener("click", () => tried(async () => {
    await call("POST", `/callbacks/${told.id}/redeliver`);
    toast("It is told again.");
    await show();
  }));
  return item;
}

function attempt({ at, status, error, ms, next_at: next }) {
  const answer = status === null ? error : `answered ${status}`;
  const again = next ? `, again at ${moment(next, now())}` : "";
  return h("li", {}, `${moment(at, now())}: ${answer} after ${ms} ms${again}`);
}

// As each API shows it -----------------------------------------------------------------------------------------------

function view(shown) {
  const [fragment, parts] = stamp("view");
  const section = fragment.firstElementChild;
  section.dataset.vendor = shown.vendor;
  parts.title.textContent = shown.title;
  parts.none.hidden = shown.body !== null;
  parts.none.textContent = "This API does not show this message.";
  parts.shown.hidden = shown.body === null;
  if (shown.body === null) return section;
  highlight(parts.body, shown.body, shown.media_type);
  parts.curl.textContent = shown.curl;
  return section;
}

let shownViews = "";

function showViews(items) {
  const written = JSON.stringify(items);
  if (written === shownViews) return;
  shownViews = written;
  const order = ["simplepay", "writeback", "dialogtech"];
  const sorted = items.toSorted((a, b) => (a.body === null) - (b.body === null) || order.indexOf(a.vendor) - order.indexOf(b.vendor));
  $("#views").replaceChildren(...sorted.map(view));
}

function showExchanges(entries) {
  $("#exchanges-box").hidden = entries.length === 0;
  $("#exchanges").replaceChildren(...entries.map((entry) => {
    const [row, parts] = stamp("exchange-line");
    parts.link.href = pageOf("exchanges", entry.id);
    parts.link.textContent = `${entry.operation} ${entry.id}`;
    setTime(parts.time, entry.at, moment(entry.at, now()));
    parts.outcome.textContent = entry.outcome;
    return row;
  }));
}

/** The page stands without them. */
async function exchangesAbout() {
  try {
    return await get(`/journal${query({ message: id, limit: 20, order: "newest" })}`);
  } catch {
    return { items: [] };
  }
}

// All of it ----------------------------------------------------------------------------------------------------------

async function show() {
  await tried(async () => {
    try {
      const [message, views, exchanges] = await Promise.all([
        get(path), get(`${path}/shown`), exchangesAbout(),
      ]);
      showAbout(message);
      showViews(views.items);
      showExchanges(exchanges.items);
      showGone(null);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
      showGone(error.message);
    }
  });
}

function showGone(why) {
  $("#message-page").setAttribute("aria-busy", "false");
  $("#message-page").hidden = why !== null;
  $("#gone").hidden = why === null;
  $("#gone-words").textContent = why ?? "";
}

let soon = null;
const showSoon = () => {
  soon ??= setTimeout(() => { soon = null; show(); }, 60);
};

const isOurs = (message) => message.id === id || Object.values(message.ids).includes(id);
for (const event of ["message", "status", "inbound"]) on(event, (message) => { if (isOurs(message)) showSoon(); });
on("callback", showSoon);
on("exchange", (entry) => { if (entry.messages?.includes($("#message-id").textContent)) showSoon(); });
for (const event of ["clock", "reset", "gap"]) on(event, showSoon);
show();
