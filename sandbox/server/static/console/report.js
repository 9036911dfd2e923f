// What the programs that call this workspace get wrong: asked for when the page opens, and again by its button.
import { get, pageOf, save, tried } from "./api.js";
import { $, h, stamp } from "./dom.js";

const MOST_LINKS = 5;
const STATES = ["broken", "tolerated", "respected", "undecided", "untried"];
const WRONG = ["broken", "tolerated"];

// What an item says --------------------------------------------------------------------------------------------------

/** Where the page of an exchange or a message is; a callback has none. */
function link(id) {
  if (id.startsWith("ex_")) return h("a", { href: pageOf("exchanges", id) }, id);
  if (id.startsWith("msg_")) return h("a", { href: pageOf("messages", id) }, id);
  return h("code", {}, id);
}

function item({ state, title, text = "", about = "", ids = [] }) {
  const [fragment, parts] = stamp("report-item");
  parts.state.textContent = state === "untried" ? "never tried" : state;
  parts.state.dataset.state = state;
  parts.title.textContent = title;
  parts.text.textContent = text;
  parts.about.textContent = about;
  parts.links.replaceChildren(...[...new Set(ids)].slice(0, MOST_LINKS).map(link));
  return fragment.firstElementChild;
}

const times = (count) => (count === 1 ? "once" : `${count} times`);
const nameOf = (poller) => [poller.operation, poller.console ?? poller.account, poller.number].filter(Boolean).join(" ");

function mistakes(rule) {
  return rule.findings.map((finding) => ({
    state: finding.level === "error" ? "broken" : "tolerated",
    title: `${rule.id}: ${finding.mend}`,
    text: `It sent ${finding.seen}, ${times(finding.count)}.`,
    about: `${rule.summary} (${rule.provenance})`,
    ids: finding.exchanges,
  }));
}

function wrongNext(situation, meanings) {
  return {
    state: situation.state,
    title: `${situation.title}: ${situation.advice}`,
    text: [...new Set(situation.examples.map((example) => `The client ${meanings[example.next]}.`))].join(" "),
    ids: situation.examples.flatMap((example) => example.ids),
  };
}

function wrongWith(poller) {
  return poller.findings.map((finding) => ({
    state: finding.level === "error" ? "broken" : "tolerated",
    title: `${finding.kind}: ${finding.advice}`,
    text: `${nameOf(poller)}, ${times(finding.count)}${finding.cause ? `, because of ${finding.cause}` : ""}. ${finding.meaning}`,
    about: finding.evidence[0]?.detail ?? "",
    ids: finding.evidence.flatMap((each) => [...each.exchanges, ...each.messages]),
  }));
}

function inWords(situation, meanings) {
  return {
    state: situation.state,
    title: situation.title,
    text: Object.entries(situation.next).map(([word, count]) => `${meanings[word]} (${count})`).join("; "),
    about: situation.state === "untried" ? `To try it: ${situation.how}` : situation.advice,
  };
}

function ofPoller(poller) {
  const delay = poller.delay ? `, ${poller.delay.p50} s after they came (99 %: ${poller.delay.p99} s)` : "";
  const state = poller.findings.some((each) => each.level === "error") ? "broken" : poller.findings.length ? "tolerated" : "respected";
  return { state, title: nameOf(poller), text: `${poller.calls} calls showed ${poller.results} results${delay}.` };
}

// The page -----------------------------------------------------------------------------------------------------------

function fill(id, items) {
  $(id).replaceChildren(...items.map(item));
}

function show(report) {
  const meanings = report.next_meanings;
  const wrong = [
    ...report.rules.flatMap(mistakes),
    ...report.situations.filter((each) => WRONG.includes(each.state)).map((each) => wrongNext(each, meanings)),
    ...report.pollers.flatMap(wrongWith),
  ].sort((one, other) => WRONG.indexOf(one.state) - WRONG.indexOf(other.state));
  $("#summary").textContent = `${report.calls} calls: ${STATES.map((state) => `${report.summary[state]} ${state === "untried" ? "never tried" : state}`).join(", ")}.`;
  fill("#wrong", wrong);
  $("#nothing-wrong").hidden = wrong.length > 0;
  fill("#pollers", report.pollers.map(ofPoller));
  $("#no-pollers").hidden = report.pollers.length > 0;
  fill("#situations", report.situations.map((each) => inWords(each, meanings)));
  fill("#rules", report.rules.map((rule) => ({ state: rule.state, title: rule.id, text: rule.summary, about: rule.how && `To try it: ${rule.how}` })));
  $("#save").disabled = false;
}

async function load() {
  const report = await tried(() => get("/report?format=json"));
  if (report) show(report);
  $("#wrong").setAttribute("aria-busy", "false");
}

$("#again").addEventListener("click", load);
$("#save").addEventListener("click", () => tried(() => save("report?format=html", "report.html")));
load();
