// The exchanges page: the live journal, and the exchange that is open.
import { get, pageOf, publicUrl, query, save, tried, workspace } from "./api.js";
import { now } from "./clock.js";
import { $, phone, setTime, short, stamp, time } from "./dom.js";
import { on } from "./events.js";
import * as exchange from "./exchange.js";

const PAGE = 50;
const MOST = 500;
const list = $("#exchanges");
const filters = $("#filters");
let next = null;
let asked = 0;
let nobodys = 0;
let soon = null;

for (const button of document.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => tried(() => save(button.dataset.save, `${workspace}.${button.dataset.ending}`)));
}

const LOOK_EVERY_MS = 2000;
const MOST_COUNTED = 200;
const NOBODYS = "?whose=nobody";

const isNobodys = () => filters.elements.whose.value === "nobody";

/** The filters but for whose, as the journal takes them. */
function chosen() {
  const { whose: _, day, search, ...rest } = Object.fromEntries(new FormData(filters));
  return { ...rest, search: search.trim(), ...(day ? { since: `${day}T00:00:00.000Z`, until: `${day}T23:59:59.999Z` } : {}) };
}

const isFiltered = () => Object.values(chosen()).some(Boolean);

/** A page of the journal, the newest first. What belongs to no workspace has a journal of its own. */
const ask = (more = {}) => tried(() =>
  get(`${isNobodys() ? "/_sandbox" : ""}/journal${query({ ...chosen(), limit: PAGE, order: "newest", ...more })}`));

function passes(entry) {
  const { operation, outcome, findings, status, search, since, until } = chosen();
  if (search) return false; // what is searched for the server tells
  return (!operation || entry.operation === operation)
    && (!outcome || entry.outcome === outcome)
    && (!findings || entry.findings.some((finding) => finding.level === findings))
    && (!status || entry.status === Number(status))
    && (!since || (entry.at >= since && entry.at <= until));
}

/** What was refused: as the finding has seen it, else the rule that refused. */
function whyRefused({ findings, rules: [rule] }) {
  const error = findings.find((finding) => finding.level === "error") ?? findings[0];
  return error ? error.seen : rule ?? null;
}

function row(entry) {
  const [fragment, parts] = stamp("exchange-row");
  parts.link.href = pageOf("exchanges", entry.id) + (isNobodys() ? NOBODYS : "");
  parts.link.dataset.exchange = entry.id;
  const isToday = now() && now().slice(0, 10) === entry.at.slice(0, 10);
  setTime(parts.time, entry.at, isToday ? time(entry.at) : short(entry.at, now()));
  parts.operation.textContent = entry.operation ?? `${entry.method} ${entry.path}`;
  parts.http.textContent = entry.status || "none";
  parts.http.dataset.outcome = entry.outcome;
  const about = [entry.outcome, entry.to && `for ${phone(entry.to)}`, `${entry.ms} ms`, entry.id];
  parts.sub.textContent = about.filter(Boolean).join(" · ");
  const why = entry.outcome === "refused" ? whyRefused(entry) : null;
  parts.why.hidden = why === null;
  parts.why.textContent = why ?? "";
  const level = entry.findings.some((finding) => finding.level === "error") ? "error" : "note";
  parts.finding.hidden = entry.findings.length === 0;
  parts.finding.dataset.level = level;
  parts.finding.textContent = entry.findings.length === 1 ? level : `${entry.findings.length} findings`;
  return fragment.firstElementChild;
}

/** Why the list is empty: each reason has a sentence of its own, with the way on. */
function tellEmpty() {
  const isEmpty = list.children.length === 0;
  $("#filtered-exchanges").hidden = !(isEmpty && isFiltered());
  $("#none-of-nobodys").hidden = !(isEmpty && !isFiltered() && isNobodys());
  const hasNone = isEmpty && !isFiltered() && !isNobodys();
  $("#no-exchanges").hidden = !hasNone || nobodys > 0;
  $("#nobodys-exchanges").hidden = !hasNone || nobodys === 0;
  const count = nobodys === MOST_COUNTED ? `${MOST_COUNTED} or more calls` : nobodys === 1 ? "1 call" : `${nobodys} calls`;
  $("#nobodys-count").textContent = `No calls of this workspace yet, but ${count} with wrong credentials or paths`;
}

/** Calls that belong to no workspace are counted as long as nothing else is there to be shown. */
async function countNobodys() {
  if (list.children.length || isNobodys() || isFiltered()) return;
  nobodys = (await get(`/_sandbox/journal${query({ limit: MOST_COUNTED })}`)).items.length;
  tellEmpty();
}

function settled() {
  list.setAttribute("aria-busy", "false");
  tellEmpty();
  $("#more").hidden = next === null;
  mark();
}

async function load() {
  const mine = ++asked;
  const [page] = await Promise.all([ask(), tried(countNobodys)]);
  if (!page || mine !== asked) return;
  next = page.next;
  const ids = [...list.querySelectorAll("a")].map((link) => link.dataset.exchange);
  if (ids.join() !== page.items.map(({ id }) => id).join()) list.replaceChildren(...page.items.map(row));
  settled();
}

$("#more").addEventListener("click", async () => {
  const page = await ask({ after: next });
  if (!page) return;
  next = page.next;
  list.append(...page.items.map(row));
  settled();
});

// What comes in is shown some times a second, the newest on top.
let waiting = [];
on("exchange", (entry) => {
  if (!isNobodys() && chosen().search) loadSoon();
  if (isNobodys() || !passes(entry)) return;
  waiting.push(entry);
  if (waiting.length === 1) setTimeout(show, 100);
});

function show() {
  list.prepend(...waiting.reverse().map(row));
  waiting = [];
  while (list.children.length > MOST) list.lastElementChild.remove();
  if (list.children.length === MOST) next = $("a", list.lastElementChild).dataset.exchange;
  settled();
}

// No event tells of what belongs to no workspace.
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  if (isNobodys()) load();
  else countNobodys().catch(() => {});
}, LOOK_EVERY_MS);

/** Once for all that one types, or that happens, meanwhile. */
function loadSoon() {
  soon ??= setTimeout(() => { soon = null; load(); }, 150);
}

filters.addEventListener("input", loadSoon);
$("#clear-filters").addEventListener("click", () => {
  const whose = filters.elements.whose.value;
  filters.reset();
  filters.elements.whose.value = whose;
  load();
});
for (const [button, whose] of [["#show-nobodys", "nobody"], ["#show-own", ""]]) {
  $(button).addEventListener("click", () => { filters.elements.whose.value = whose; load(); });
}
filters.addEventListener("submit", (event) => event.preventDefault());
for (const event of ["reset", "gap"]) on(event, load);

// The address names the open exchange --------------------------------------------------------------------------------

const idOfAddress = () => /\/exchanges\/(ex_\w+)$/.exec(location.pathname)?.[1] ?? null;

function mark() {
  const id = idOfAddress();
  for (const link of list.querySelectorAll("a[aria-current]")) link.removeAttribute("aria-current");
  if (id) $(`a[data-exchange="${id}"]`, list)?.setAttribute("aria-current", "true");
}

function follow() {
  const id = idOfAddress();
  $("#exchanges-page").toggleAttribute("data-open", id !== null);
  mark();
  if (id) exchange.open(id, location.search === NOBODYS);
  else exchange.close();
}

list.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-exchange]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  follow();
});
$("#exchange-close").addEventListener("click", () => {
  history.pushState(null, "", pageOf("exchanges"));
  follow();
  $("a", list)?.focus();
});
addEventListener("popstate", follow);

$("#base-url").textContent = publicUrl;
if (location.search === NOBODYS) filters.elements.whose.value = "nobody";
load();
follow();
