// The send page: a broadcast as staff send it, a submit as a partner's program makes it.
import { call, get, pageOf, prefix, publicUrl, query, tried } from "./api.js";
import { now } from "./clock.js";
import * as curl from "./curl.js";
import { $, enable, h, name, phone as shownPhone, put, stamp } from "./dom.js";
import { highlight, laidOut } from "./highlight.js";

const FOUND = 8;
const SINK = "console";
let workspace = null;

for (const hint of document.querySelectorAll("[data-count]")) {
  const area = document.getElementById(hint.dataset.count);
  const count = () => { hint.textContent = `${[...area.value].length} characters`; };
  area.addEventListener("input", count);
  count();
}

// A broadcast --------------------------------------------------------------------------------------------------------

const chosen = new Map();
let templates = [];

const WEEKDAYS = { English: "en", Spanish: "es" };

/** A template's words as they would stand today: a broadcast says the same to everybody. */
function filledIn(text, language, console) {
  const number = shownPhone(console.line).replace("+1 ", "");
  const tomorrow = new Date(Date.parse(now() ?? new Date().toISOString()) + 86_400_000);
  const weekday = tomorrow.toLocaleDateString(WEEKDAYS[language] ?? "en", { weekday: "long", timeZone: "UTC" });
  const words = { organisation: console.name, keyword: console.keyword, phone: number, weekday, time: "9:30 AM", code: "482913" };
  return text
    .replaceAll(/(^|: )\{first_name\}, /g, "$1")
    .replaceAll(" {first_name}", "")
    .replaceAll(/\{(\w+)\}/g, (whole, word) => words[word] ?? whole);
}

const consoleOf = (select) => workspace.consoles.find((console) => console.code === select.value);

function fillIn() {
  const template = templates.find((each) => each.name === $("#template").value);
  const language = $("#language");
  language.disabled = !template;
  if (!template) return;
  const languages = Object.keys(template.texts);
  const before = language.value;
  language.replaceChildren(...languages.map((each) => new Option(each)));
  if (languages.includes(before)) language.value = before;
  const text = template.texts[language.value][0];
  $("#broadcast-text").value = filledIn(text, language.value, consoleOf($("#broadcast-console")));
  $("#broadcast-text").dispatchEvent(new Event("input"));
  $("#broadcast-name").value = template.title;
}

for (const id of ["template", "language", "broadcast-console"]) $(`#${id}`).addEventListener("change", fillIn);

for (const choice of document.querySelectorAll("[name=to]")) {
  choice.addEventListener("change", () => { $("#some").hidden = choice.value !== "some"; });
}

function person(words, label, act) {
  const [fragment, parts] = stamp("person");
  parts.words.textContent = words;
  parts.act.textContent = label;
  parts.act.setAttribute("aria-label", `${label} ${words}`);
  parts.act.addEventListener("click", act);
  return fragment.firstElementChild;
}

function drawChosen() {
  $("#chosen").replaceChildren(...[...chosen].map(([phone, words]) =>
    person(words, "Remove", () => { chosen.delete(phone); drawChosen(); })));
}

function choose(phone, words) {
  chosen.set(phone, words);
  $("#find").value = "";
  $("#found").replaceChildren();
  $("#find").focus();
  drawChosen();
}

let typing = null;
$("#find").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => find(event.target.value.trim()), 150);
});

async function find(search) {
  const page = search ? await tried(() => get(`/phones${query({ search, limit: FOUND })}`)) : { items: [] };
  if (!page || $("#find").value.trim() !== search) return;
  const rows = page.items.filter(({ phone }) => !chosen.has(phone)).map((shown) => {
    const words = [...new Set([name(shown), shownPhone(shown.phone)])].join(", ");
    return person(words, "Add", () => choose(shown.phone, words));
  });
  const digits = search.replace(/\D/g, "");
  if (/^[\d +().-]+$/.test(search) && digits.length >= 10 && digits.length <= 15 && rows.length === 0) {
    rows.push(person(search, "Add", () => choose(digits, search)));
  }
  $("#found").replaceChildren(...rows);
}

$("#broadcast").addEventListener("submit", (event) => {
  event.preventDefault();
  const isToSome = $("[name=to]:checked").value === "some";
  tried(async () => {
    if (isToSome && chosen.size === 0) throw new Error("Choose somebody first, or send it to everyone.");
    const sent = await call("POST", "/broadcasts", {
      name: $("#broadcast-name").value,
      text: $("#broadcast-text").value,
      to: isToSome ? [...chosen.keys()] : "everyone",
      console: $("#broadcast-console").value,
    });
    const count = sent.messages.length;
    $("#broadcast-done").replaceChildren(h("p", { class: "done" },
      `Sent to ${count} phone${count === 1 ? "" : "s"}. `, h("a", { href: pageOf("phones") }, "See them"),
      ...(count ? [" · ", h("a", { href: pageOf("messages", sent.messages[0].id) }, "The first message")] : [])));
  });
});

// A submit -----------------------------------------------------------------------------------------------------------

function fields() {
  const given = {
    To: $("#submit-to").value,
    From: $("#submit-from").value,
    Body: $("#submit-body").value,
    StatusCallback: $("#submit-callback").value,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
}

function showCall() {
  if (workspace) put("submit-curl", curl.submit(publicUrl, workspace.basic, $("#submit-console").value, fields()));
}

$("#submit").addEventListener("input", showCall);
$("#submit-console").addEventListener("change", () => {
  $("#submit-from").value = consoleOf($("#submit-console")).line;
  showCall();
});
$("#use-sink").addEventListener("click", () => tried(async () => {
  $("#submit-callback").value = (await call("PUT", `/sinks/${SINK}`, {})).url;
  showCall();
}));

const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

$("#submit").addEventListener("submit", (event) => {
  event.preventDefault();
  tried(async () => {
    const { username, password } = workspace.basic;
    const answer = await fetch(`${prefix}/dialoghealth-simplepay-api/submit/${$("#submit-console").value}`, {
      method: "POST",
      headers: { Authorization: `Basic ${encoded(`${username}:${password}`)}` },
      body: new URLSearchParams(fields()),
    });
    await showAnswer(answer);
  });
});

async function showAnswer(answer) {
  const mediaType = answer.headers.get("content-type") ?? "";
  const text = await answer.text();
  const exchange = answer.headers.get("x-sandbox-exchange");
  const sid = answer.ok ? JSON.parse(text).sid : null;
  $("#submit-done").hidden = false;
  $("#submit-status").textContent = `HTTP ${answer.status}`;
  $("#submit-links").replaceChildren(
    ...(sid ? [h("a", { href: pageOf("messages", sid) }, "The message"), " · ", h("a", { href: pageOf("phones", fields().To) }, "The phone"), " · "] : []),
    ...(exchange ? [h("a", { href: pageOf("exchanges", exchange) }, "The exchange")] : []),
  );
  highlight($('[data-part="submit-answer"]'), laidOut(text, mediaType), mediaType);
}

// What there is to choose from ---------------------------------------------------------------------------------------

tried(async () => {
  const [it, found] = await Promise.all([get(""), get("/_sandbox/templates")]);
  workspace = it;
  templates = found.items;
  for (const id of ["broadcast-console", "submit-console"]) {
    $(`#${id}`).replaceChildren(...it.consoles.map(({ code, name: owner }) => new Option(`${code} · ${owner}`, code)));
  }
  $("#template").append(...templates.map((each) => new Option(each.title, each.name)));
  $("#submit-from").value = it.consoles[0]?.line ?? "";
  showCall();
  for (const form of ["#broadcast", "#submit"]) enable($(form));
});
