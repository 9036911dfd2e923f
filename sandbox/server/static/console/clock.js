// The workspace's clock: what it reads now, between what the server says of it.
import { call, get } from "./api.js";
import { on } from "./events.js";

const NOTICED_MS = 1500;
let reading = null;
let readAt = 0;
const watchers = [];

/** The sandbox's time in RFC 3339, or null before it is known. */
export function now() {
  if (reading === null) return null;
  const passed = reading.state === "running" ? (performance.now() - readAt) * (reading.speed ?? 1) : 0;
  return new Date(Date.parse(reading.now) + passed).toISOString();
}

export const isFrozen = () => reading?.state === "frozen";

/** Calls `watcher` when the clock was turned. */
export const onTurn = (watcher) => watchers.push(watcher);

function take(clock) {
  reading = clock;
  readAt = performance.now();
  watchers.forEach((watcher) => watcher());
}

export async function read() {
  take(await get("/clock"));
}

export async function turn(action) {
  take(await call("POST", "/clock", action));
}

/** Something happened at a time that is later than ours: a story has begun, whose speed is not known yet. */
function notice(message) {
  const { at } = message.timeline.at(-1);
  if (reading && Date.parse(at) > Date.parse(now()) + NOTICED_MS) take({ ...reading, now: at });
}

on("clock", take);
for (const event of ["message", "inbound", "status"]) on(event, notice);
