// Whether a program made the calls that it should have made: what `POST verify` takes, as a form, and what it says.
import { Problem, call, controlUrl, get, pageOf, tried } from "./api.js";
import * as curl from "./curl.js";
import { $, enable, h, put, stamp } from "./dom.js";

const form = $("#verify");
const expectations = $("#expectations");
const LONGEST_TEXT = 2000;
const NOT_AS_EXPECTED = 417;

// What is expected ---------------------------------------------------------------------------------------------------

function number() {
  for (const [n, legend] of [...expectations.querySelectorAll("legend")].entries()) {
    legend.textContent = expectations.children.length > 1 ? `Call ${n + 1}` : "Call";
  }
}

function add() {
  const [fragment, parts] = stamp("expectation");
  parts.remove.addEventListener("click", () => {
    parts.box.remove();
    number();
    $("#add").focus();
  });
  expectations.append(fragment);
  number();
  return parts.box;
}

const whole = (text) => (text === "" ? null : Number(text));

/** So many as are said; null, which is at least one, if nothing is. */
function countOf(box) {
  const [min, max] = ["min", "max"].map((bound) => whole($(`[data-count="${bound}"]`, box).value));
  if (min === null && max === null) return null;
  return min === max ? min : { ...(min !== null && { min }), ...(max !== null && { max }) };
}

function expectationOf(box) {
  const given = [...box.querySelectorAll("[data-where]")]
    .map(({ dataset, value }) => [dataset.where, dataset.where === "text" ? value : value.trim()])
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [name, name === "status" ? Number(value) : value]);
  const count = countOf(box);
  return {
    operation: $('[data-member="operation"]', box).value,
    ...(given.length && { where: Object.fromEntries(given) }),
    ...(count !== null && { count }),
  };
}

function asked() {
  const { timeout, in_order: inOrder, no_findings: noFindings } = form.elements;
  return {
    expect: [...expectations.children].map(expectationOf),
    ...(Number(timeout.value) && { timeout: Number(timeout.value) }),
    ...(inOrder.checked && { in_order: true }),
    ...(noFindings.checked && { no_findings: true }),
  };
}

// What came of it ----------------------------------------------------------------------------------------------------

const link = (id) => h("a", { href: pageOf("exchanges", id) }, id);
const linksTo = (ids) => [...new Set(ids)].map(link);

function inWords({ operation, where = {}, count }) {
  if (!operation) return "No call with an error among its findings";
  const conditions = Object.entries(where).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const { min, max } = typeof count === "number" ? { min: count, max: count } : count ?? { min: 1 };
  const times = min === max ? `exactly ${min}` : [min && `at least ${min}`, max !== undefined && `at most ${max}`].filter(Boolean).join(", ");
  return `${[operation, ...conditions].join(", ")}: ${times || "any number"}`;
}

function item({ title, text, differs = [], links }) {
  const [fragment, parts] = stamp("verdict-item");
  parts.title.textContent = title;
  parts.text.textContent = text;
  parts.differs.replaceChildren(...differs.map((each) => h("li", {}, each)));
  parts.links.replaceChildren(...links);
  return fragment;
}

const met = (expect, found, ids) => item({
  title: inWords(expect),
  text: `Found ${found}${found > ids.length ? `; the first ${ids.length}:` : "."}`,
  links: linksTo(ids),
});

const valueOf = (value) => (value === null ? "nothing" : JSON.stringify(value));

function failed({ expect, found, matched, after, nearest, findings }) {
  const differs = nearest
    ? nearest.differs.map(({ member, expected, got }) => `${member} is ${valueOf(got)}, not ${valueOf(expected)}`)
    : findings.map(({ rule, seen, mend }) => `${rule}: ${seen}. ${mend}`);
  const text = nearest
    ? `Found ${found}. Nearest came the call of ${nearest.at.replace("T", " ").slice(0, 19)} UTC, answered ${nearest.status}:`
    : `Found ${found}${after ? ` after ${after}` : ""}.`;
  return item({ title: inWords(expect), text, differs, links: linksTo([...matched, ...(nearest ? [nearest.exchange] : [])]) });
}

function tell(verdict, title, items) {
  $("#verdict").dataset.verdict = verdict;
  $("#verdict").replaceChildren(h("h2", {}, title), ...items);
}

async function verify() {
  const body = asked();
  put("verify-curl", curl.lines(`curl ${curl.quoted(`${controlUrl}/verify`)}`, "-H 'Content-Type: application/json'", `-d ${curl.quoted(JSON.stringify(body))}`));
  $("#as-test").hidden = false;
  try {
    const { found, matched } = await call("POST", "/verify", body);
    const errorFree = body.no_findings ? [item({ title: inWords({}), text: "There is none.", links: [] })] : [];
    tell("met", "As expected", [...body.expect.map((expect, n) => met(expect, found[n], matched[n])), ...errorFree]);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== NOT_AS_EXPECTED) throw error;
    tell("failed", "Not as expected", error.body.failures.map(failed));
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  tell("", Number(form.elements.timeout.value) ? "Waiting…" : "", []);
  $("#ask").disabled = true;
  if ((await tried(() => verify().then(() => true))) === null) tell("", "", []);
  $("#ask").disabled = false;
});
$("#add").addEventListener("click", () => $("select", add()).focus());

// A call like one that was made --------------------------------------------------------------------------------------

/** What the journal's exchange says of itself, as far as a call like it would say the same. */
function whereOf({ operation, to, status, outcome, path, query, request }, consoles) {
  const isForm = request.headers.some(([name, value]) => name.toLowerCase() === "content-type" && value.includes("urlencoded"));
  const fields = new URLSearchParams(isForm ? request.body : query);
  const segments = path.split("/");
  return {
    [operation.startsWith("dialogtech.") ? "number" : "to"]: to,
    from: fields.get("From"),
    text: fields.get("Body")?.slice(0, LONGEST_TEXT),
    console: consoles.find(({ code }) => segments.includes(code))?.code,
    status: String(status),
    outcome,
  };
}

function fill(box, exchange, consoles) {
  $('[data-member="operation"]', box).value = exchange.operation;
  for (const [name, value] of Object.entries(whereOf(exchange, consoles))) $(`[data-where="${name}"]`, box).value = value ?? "";
}

tried(async () => {
  const box = add();
  const id = /\/verify\/(ex_\w+)$/.exec(location.pathname)?.[1];
  if (id) {
    const [exchange, it] = await Promise.all([get(`/journal/${id}`), get("")]);
    fill(box, exchange, it.consoles);
  }
  enable(form);
});
