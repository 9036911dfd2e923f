// The workspace's events, as they come. Read by fetch, because an EventSource cannot bear the token.
import { base, request, tellNoWorkspace } from "./api.js";
import { $ } from "./dom.js";

const LONGEST_WAIT_MS = 5000;
const listeners = new Map();
let last = null;

/** Calls `listener(data)` for each event of that name; `gap` says that some were missed. */
export function on(event, listener) {
  listeners.set(event, [...(listeners.get(event) ?? []), listener]);
}

function tell(event, data) {
  for (const listener of listeners.get(event) ?? []) listener(data);
}

function show(state, words) {
  $("#live").dataset.state = state;
  $("#live-words").textContent = words;
}

/** One block of the stream: its id, its event, its data. */
function take(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "id") last = value;
    else if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }
  if (data.length) tell(event, JSON.parse(data.join("\n")));
}

/** Reads until the stream ends; false when there is nothing to follow. */
async function follow() {
  const response = await request(`${base}/events`, { headers: last === null ? {} : { "Last-Event-ID": last } });
  if (response.status === 404) return false;
  if (!response.ok) throw new Error(`events: ${response.status}`);
  last ??= response.headers.get("Last-Event-ID");
  show("live", "live");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    blocks.forEach(take);
  }
}

async function live() {
  let wait = 250;
  for (;;) {
    const began = performance.now();
    try {
      if (!(await follow())) {
        show("gone", "no such workspace");
        tellNoWorkspace();
        return;
      }
    } catch {
      // Said below: what matters is that it is not live.
    }
    show("waiting", "reconnecting");
    wait = performance.now() - began > LONGEST_WAIT_MS ? 250 : Math.min(wait * 2, LONGEST_WAIT_MS);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

live();
