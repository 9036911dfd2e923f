// Messages, consents and callbacks: each a list from the control API, narrowed by its filters.
import { call, get, pageOf, query, tried } from "./api.js";
import { now } from "./clock.js";
import { $, beginning, breakable, confirmed, moment, phone, setStatus, setTime, stamp, toast } from "./dom.js";
import { on } from "./events.js";

const PAGE = 50;
const LONG = 300;
const SOON_MS = 200;
const kind = document.body.dataset.page;
const list = $("#list");
const filters = $("#filters");
let next = null;
let asked = 0;
let soon = null;

// What an item says --------------------------------------------------------------------------------------------------

const SHOW = {
  messages(message, parts) {
    parts.link.href = pageOf("messages", message.id);
    parts.link.textContent = `${phone(message.from)} to ${phone(message.to)}`;
    parts.status.hidden = false;
    setStatus(parts.status, message.status);
    parts.text.textContent = beginning(message.text, LONG);
    parts.about.textContent = [message.id, message.ids.sid, message.reason].filter(Boolean).join(" · ");
    return message.timeline[0].at;
  },
  consents(consent, parts) {
    parts.link.href = pageOf("phones", consent.phone);
    parts.link.textContent = phone(consent.phone);
    parts.tag.hidden = false;
    parts.tag.textContent = consent.state.replace("_", " ");
    parts.tag.classList.toggle("out", consent.state === "opted_out");
    const line = consent.console ?? "a tracking number";
    const word = consent.word ? ` by ${JSON.stringify(consent.word)}` : "";
    parts.about.textContent = `on ${line} ${phone(consent.line)} · ${consent.why.replace("_", " ")}${word}`;
    return consent.since;
  },
  callbacks(callback, parts) {
    parts.link.href = pageOf("messages", callback.message);
    parts.link.textContent = callback.message;
    parts.status.hidden = false;
    setStatus(parts.status, callback.status);
    parts.tag.hidden = false;
    parts.tag.textContent = callback.state.replace("_", " ");
    parts.tag.dataset.state = callback.state;
    parts.text.replaceChildren(...breakable(callback.url));
    const last = callback.attempts.at(-1);
    const came = last && (last.status === null ? last.error : `answered ${last.status}`);
    const tries = `${callback.attempts.length} attempt${callback.attempts.length === 1 ? "" : "s"}`;
    parts.about.textContent = [callback.id, tries, callback.reason ?? came].filter(Boolean).join(" · ");
    return callback.due_at;
  },
};

function item(shown) {
  const [fragment, parts] = stamp("item");
  const at = SHOW[kind](shown, parts);
  setTime(parts.time, at, moment(at, now()));
  return fragment.firstElementChild;
}

// The list -----------------------------------------------------------------------------------------------------------

/** The filters that are filled in, as the control API takes them. */
function chosen() {
  const { day, ...rest } = Object.fromEntries(new FormData(filters));
  const given = Object.entries(rest).map(([name, value]) => [name, name === "text" ? value : value.trim()]);
  return { ...Object.fromEntries(given.filter(([, value]) => value)), ...(day ? { since: `${day}T00:00:00.000Z`, until: `${day}T23:59:59.999Z` } : {}) };
}

function tell(problem) {
  const isFiltered = Object.keys(chosen()).length > 0;
  const isEmpty = list.children.length === 0 && problem === null;
  $("#list-problem").hidden = problem === null;
  $("#list-problem").textContent = problem ?? "";
  $("#list-filtered").hidden = !(isEmpty && isFiltered);
  $("#list-empty").hidden = !(isEmpty && !isFiltered);
  $("#more").hidden = next === null;
  const remove = $("#delete");
  if (!remove) return;
  remove.hidden = list.children.length === 0;
  remove.textContent = isFiltered ? "Delete what passes these filters" : "Delete all messages";
}

/** From the beginning, as many as are shown. What a filter cannot be is said beside it. */
async function load() {
  const mine = ++asked;
  try {
    const found = await get(`/${kind}${query({ ...chosen(), limit: Math.min(200, Math.max(PAGE, list.children.length)) })}`);
    if (mine !== asked) return;
    next = found.next;
    list.replaceChildren(...found.items.map(item));
    tell(null);
  } catch (error) {
    if (mine !== asked) return;
    next = null;
    list.replaceChildren();
    tell(error.message);
  }
  list.setAttribute("aria-busy", "false");
}

$("#more").addEventListener("click", () => tried(async () => {
  const found = await get(`/${kind}${query({ ...chosen(), limit: PAGE, after: next })}`);
  next = found.next;
  list.append(...found.items.map(item));
  tell(null);
}));

/** Once for all that happens, or that one types, meanwhile. */
function loadSoon() {
  soon ??= setTimeout(() => { soon = null; load(); }, SOON_MS);
}

$("#delete")?.addEventListener("click", async () => {
  const which = chosen();
  const isSome = Object.keys(which).length > 0;
  const words = `${isSome ? "Every message that passes these filters goes" : "All messages of this workspace go"} for good, with its callbacks and`
    + " what was scheduled about it. Consents, people and exchanges stay.";
  if (!(await confirmed(isSome ? "Delete these messages?" : "Delete all messages?", words, "Delete", { isLoss: true }))) return;
  await tried(async () => {
    const { deleted } = await call("DELETE", `/messages${query(which)}`);
    toast(`${deleted} message${deleted === 1 ? "" : "s"} deleted.`);
    await load();
  });
});

filters.addEventListener("input", loadSoon);
filters.addEventListener("submit", (event) => event.preventDefault());
$("#clear-filters").addEventListener("click", () => { filters.reset(); load(); });
const TOLD = { messages: ["message", "inbound", "status"], consents: ["inbound", "message"], callbacks: ["callback"] };
for (const event of [...TOLD[kind], "reset", "gap", "clock"]) on(event, loadSoon);
load();
