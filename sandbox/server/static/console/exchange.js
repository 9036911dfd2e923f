// One exchange: request and answer, the rules behind it, and how to make it happen again, or fail.
import { Problem, call, get, pageOf, publicUrl, tried } from "./api.js";
import { now } from "./clock.js";
import * as curl from "./curl.js";
import { $, breakable, copy, enable, h, moment, stamp, toast } from "./dom.js";
import { highlight, laidOut } from "./highlight.js";
import { showFaults } from "./panel.js";

const REDACTED = "[redacted]";
const LEFT_TO_CURL = ["host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "authorization"];
let rules = null;
let opened = null;
let isOpenedNobodys = false;

async function learnRules() {
  rules ??= new Map((await get("/_sandbox/rules")).items.map((rule) => [rule.id, rule]));
}

/** An exchange of one of the two journals, or null. */
async function findIn(journal, id) {
  try {
    return await get(`${journal}/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    return null;
  }
}

/** An exchange, and whether it belongs to no workspace: an id does not tell, and a link that was kept may not either. */
async function find(id, isNobodys) {
  const own = isNobodys ? null : await findIn("/journal", id);
  if (own) return [own, false];
  const nobodys = await findIn("/_sandbox/journal", id);
  return nobodys && [nobodys, true];
}

function showUnknown(id) {
  $("#exchange").hidden = true;
  $("#unknown-id").textContent = id;
  $("#unknown-exchange").hidden = false;
}

export async function open(id, isNobodys) {
  opened = null;
  allow(false);
  $("#unknown-exchange").hidden = true;
  await tried(async () => {
    const [found] = await Promise.all([find(id, isNobodys), learnRules()]);
    if (found === null) return showUnknown(id);
    const [entry, isFoundNobodys] = found;
    [opened, isOpenedNobodys] = [entry, isFoundNobodys];
    show(entry);
    allow(true);
    return $("#exchange-title").focus({ preventScroll: true });
  });
}

export function close() {
  opened = null;
  $("#unknown-exchange").hidden = true;
  $("#exchange").hidden = true;
}

/** What is shown may be another exchange's, until this one is there. */
function allow(isAllowed) {
  enable($("#fail"), isAllowed);
  $("#copy-curl").disabled = !isAllowed;
}

function show(entry) {
  $("#exchange").hidden = false;
  $("#exchange-title").textContent = entry.operation ?? "A path that leads nowhere";
  $("#exchange-about").textContent = `${entry.id} · ${moment(entry.at, now())} · ${entry.outcome} · ${entry.ms} ms`;
  $("#findings").replaceChildren(...entry.findings.map(finding), ...(entry.fault ? [faultNote(entry.fault)] : []));
  $("#request").replaceChildren(side(entry.request, `${entry.method} ${target(entry)}`));
  $("#response").replaceChildren(side(entry.response, `HTTP ${entry.status}`));
  $("#rules").replaceChildren(...entry.rules.map(rule));
  showMessages(entry.messages);
  showVerify(entry);
  showFail(entry);
}

const target = ({ path, query }) => (query ? `${path}?${query}` : path);
const header = (headers, name) => headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? "";

function side({ headers, body, truncated, encoding }, first) {
  const [fragment, parts] = stamp("side");
  const mediaType = header(headers, "content-type");
  parts.first.replaceChildren(...breakable(first));
  parts.headers.replaceChildren(...headers.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  parts.code.hidden = body === "";
  highlight(parts.body, laidOut(body, mediaType), mediaType);
  const notes = [body === "" && "No body.", truncated && "Only the beginning is kept.", encoding === "escaped" && "It is not UTF-8: odd bytes are escaped."];
  parts.note.textContent = notes.filter(Boolean).join(" ");
  return fragment;
}

function finding({ rule: id, level, seen, mend }) {
  const [fragment, parts] = stamp("finding");
  parts.box.dataset.level = level;
  parts.level.textContent = level;
  parts.level.dataset.level = level;
  parts.rule.textContent = id;
  parts.seen.textContent = seen;
  parts.mend.textContent = mend;
  return fragment;
}

const faultNote = (fault) => h("div", { class: "finding", "data-level": "fault" },
  h("p", {}, h("span", { class: "tag fault" }, "fault"), " A fault did this: ", h("code", {}, JSON.stringify(fault.effect ?? fault))));

function rule(id) {
  const [fragment, parts] = stamp("rule");
  const known = rules.get(id);
  parts.id.textContent = id;
  parts.provenance.textContent = known?.provenance ?? "";
  parts.summary.textContent = known?.summary ?? "";
  return fragment;
}

function showMessages(ids) {
  const shown = ids.slice(0, 12).flatMap((id) => [" ", h("a", { href: pageOf("messages", id) }, id)]);
  $("#exchange-messages").replaceChildren(
    ...(ids.length ? ["Messages:", ...shown, ids.length > 12 ? ` and ${ids.length - 12} more` : ""] : []));
}

/** What belongs to no workspace, nothing can be expected of. */
function showVerify({ id, operation }) {
  $("#verify-like").hidden = operation === null || isOpenedNobodys;
  $("#verify-like").href = pageOf("verify", id);
}

// As curl ------------------------------------------------------------------------------------------------------------
// The journal keeps no secrets; the workspace's own are put back in.

function withKeys(query, { accounts }) {
  const fields = new URLSearchParams(query);
  const account = accounts.find((each) => each.access_key === fields.get("access_key")) ?? accounts[0];
  for (const name of ["access_key", "secret_access_key"]) {
    if (account && fields.get(name) === REDACTED) fields.set(name, account[name]);
  }
  return query.includes("redacted") ? fields.toString() : query;
}

async function asCurl(entry) {
  const it = await get("");
  const { headers, body } = entry.request;
  const isBasic = /^basic/i.test(header(headers, "authorization"));
  const kept = headers.filter(([name]) => !LEFT_TO_CURL.includes(name.toLowerCase()));
  const isForm = header(headers, "content-type").includes("urlencoded");
  const sent = isForm ? withKeys(body, it) : body;
  const url = publicUrl + target({ path: entry.path, query: withKeys(entry.query, it) });
  return curl.lines(
    ["curl -s", ...(isBasic ? [curl.basicAuth(it.basic)] : []), "-X", entry.method, curl.quoted(url)].join(" "),
    ...kept.map(([name, value]) => `-H ${curl.quoted(`${name}: ${value}`)}`),
    ...(sent ? [`--data-raw ${curl.quoted(sent)}`] : []),
  );
}

$("#copy-curl").addEventListener("click", () => tried(async () => {
  if (opened) await copy(await asCurl(opened), $("#copy-curl-words"));
}));

// Failing next time --------------------------------------------------------------------------------------------------

function receiver({ request, query }) {
  const fields = new URLSearchParams(header(request.headers, "content-type").includes("urlencoded") ? request.body : "");
  return fields.get("To") ?? new URLSearchParams(query).get("To");
}

function showFail(entry) {
  $("#fail").hidden = entry.operation === null || isOpenedNobodys;
  const to = entry.operation === "simplepay.submit" ? receiver(entry) : null;
  const isNumber = /^\d{11,15}$/.test(to ?? "");
  $("#fail-only-label").hidden = !isNumber;
  $("#fail-only").checked = false;
  $("#fail-only-words").textContent = `only to ${to}`;
}

$("#fail").addEventListener("submit", (event) => {
  event.preventDefault();
  const { operation } = opened;
  const only = $("#fail-only").checked && !$("#fail-only-label").hidden ? { to: receiver(opened) } : {};
  tried(async () => {
    await call("POST", "/faults", {
      match: { operation, ...only },
      effect: JSON.parse($("#fail-effect").value),
      times: Number($("#fail-times").value),
    });
    await showFaults();
    toast(`The next ${operation} fails.`);
  });
});
