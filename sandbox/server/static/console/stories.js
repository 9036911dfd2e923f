// Stories: what the workspace's fixture tells, and the strip that shows how far the one under way has got.
import { call, get, tried } from "./api.js";
import * as clock from "./clock.js";
import { $, confirmed, moment, stamp } from "./dom.js";
import { on } from "./events.js";

const TICK_MS = 250;
const RESYNC_MS = 5000;
const SPEEDS = [1, 5, 10, 60, 300, 900, 3600];
const WHAT_COMES = {
  broadcast: "a broadcast",
  message: "staff text",
  submit: "the program texts",
  inbound: "a patient texts",
  status: "a status changes",
  tell: "the story goes on",
};

const panel = $("#stories-panel");
const rows = new Map();
let underWay = null;
/** The clock's reading when it began, in ms. */
let began = 0;
let readAt = 0;
let asked = 0;

// Times and speeds ---------------------------------------------------------------------------------------------------

/** 2 min 30 s: the two largest units. */
function span(seconds) {
  const whole = Math.round(seconds);
  const units = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  return units.filter(([n]) => n).slice(0, 2).map(([n, unit]) => `${n} ${unit}`).join(" ") || "0 s";
}

/** The seconds of the story that have passed by now. */
function position() {
  const passed = underWay.state === "playing" ? ((performance.now() - readAt) / 1000) * underWay.speed : 0;
  return Math.min(underWay.position + passed, underWay.seconds);
}

/** What somebody has chosen stays chosen until the story takes another turn. */
function offerSpeeds(select, { name, state, speed, seconds }) {
  const offered = [name, state, speed].join();
  if (select.dataset.offered === offered) return;
  const speeds = [...new Set([...SPEEDS, speed])].sort((a, b) => a - b);
  select.replaceChildren(...speeds.map((each) => new Option(`${each}× · ${span(seconds / each)}`, each)));
  select.value = speed;
  select.dataset.offered = offered;
}

// What one can do ----------------------------------------------------------------------------------------------------

const move = (name, action, speed) => tried(async () => {
  await call("POST", `/stories/${encodeURIComponent(name)}`, { action, ...(speed ? { speed: Number(speed) } : {}) });
  await read();
});

/** From the seed, which takes away what is there. */
async function playAnew(name, speed) {
  const words = "The workspace is reset first: all its messages, replies, consents, callbacks, faults and exchanges go for good.";
  if (await confirmed("Reset and play?", words, "Reset and play", { isLoss: true })) await move(name, "restart", speed);
}

$("#strip-toggle").addEventListener("click", () => (underWay.state === "playing"
  ? move(underWay.name, "pause")
  : move(underWay.name, "play", $("#strip-speed").value)));
$("#strip-again").addEventListener("click", () => playAnew(underWay.name, $("#strip-speed").value));
$("#strip-stop").addEventListener("click", () => move(underWay.name, "stop"));
$("#strip-speed").addEventListener("change", (event) => {
  if (underWay.state === "playing") move(underWay.name, "play", event.target.value);
});

// The list -----------------------------------------------------------------------------------------------------------

function makeRow(story) {
  const [fragment, parts] = stamp("story-row");
  parts.title.textContent = story.title;
  parts.summary.textContent = story.summary;
  parts.length.textContent = `${span(story.seconds)} on the clock · ${story.steps.length} steps`;
  parts.speed.setAttribute("aria-label", `Speed of ${story.title}`);
  parts.play.setAttribute("aria-label", `Play ${story.title}`);
  parts.again.setAttribute("aria-label", `Reset and play ${story.title}`);
  parts.form.addEventListener("submit", (event) => {
    event.preventDefault();
    panel.hidePopover();
    move(story.name, "play", parts.speed.value);
  });
  parts.again.addEventListener("click", () => playAnew(story.name, parts.speed.value));
  rows.set(story.name, parts);
  return fragment.firstElementChild;
}

function showRow(story) {
  const parts = rows.get(story.name);
  parts.state.hidden = story.state === "ready";
  parts.state.textContent = story.state;
  parts.form.hidden = story.state !== "ready";
  parts.play.disabled = underWay !== null;
  offerSpeeds(parts.speed, story);
}

function showList(stories) {
  $("#no-stories").hidden = stories.length > 0;
  if ([...rows.keys()].join() !== stories.map(({ name }) => name).join()) {
    rows.clear();
    $("#stories").replaceChildren(...stories.map(makeRow));
  }
  stories.forEach(showRow);
}

// The strip ----------------------------------------------------------------------------------------------------------

function showStrip() {
  const hadFocus = $("#strip").contains(document.activeElement);
  $("#strip").hidden = underWay === null;
  if (underWay === null) {
    if (hadFocus) $("#stories-button").focus();
    return;
  }
  $("#strip").dataset.state = underWay.state;
  $("#strip-title").textContent = underWay.title;
  $("#strip-state").textContent = underWay.state;
  $("#strip-toggle").setAttribute("aria-label", underWay.state === "playing" ? "Pause the story" : "Go on with the story");
  $("#strip-progress").max = underWay.seconds;
  offerSpeeds($("#strip-speed"), underWay);
  tick();
}

/** Writes only what has changed, so that a caption is read out once. */
function write(id, words) {
  if ($(id).textContent !== words) $(id).textContent = words;
}

function tick() {
  if (underWay === null) return;
  const now = position();
  const { steps, seconds } = underWay;
  $("#strip-progress").value = now;
  write("#strip-position", `${span(now)} of ${span(seconds)}`);
  write("#strip-caption", steps.findLast((step) => step.at <= now && step.caption)?.caption ?? "");
  const next = steps.find((step) => step.at > now);
  write("#strip-next", next ? `Next: ${WHAT_COMES[next.do]} at ${timeOf(next)}` : "The last step is done.");
}

function timeOf(step) {
  const at = clock.now();
  return at ? moment(new Date(began + step.at * 1000).toISOString(), at) : "";
}

async function read() {
  const mine = ++asked;
  const [{ items }] = await Promise.all([get("/stories"), clock.read()]);
  if (mine !== asked) return;
  underWay = items.find(({ state }) => state !== "ready") ?? null;
  readAt = performance.now();
  if (underWay) began = Date.parse(clock.now()) - underWay.position * 1000;
  showList(items);
  showStrip();
}

setInterval(tick, TICK_MS);
setInterval(() => {
  if (underWay?.state === "playing" && document.visibilityState === "visible") tried(read);
}, RESYNC_MS);
for (const event of ["clock", "reset", "gap"]) on(event, () => tried(read));
tried(read);
