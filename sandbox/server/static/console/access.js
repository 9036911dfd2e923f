// Whether one may change anything here. To a visitor of a demo, who may not, no page shows what would (base.css).
import { askForToken, forgetToken, get, tried } from "./api.js";
import { $, toast } from "./dom.js";

const root = document.documentElement;
const watchers = [];

export const mayDrive = () => root.dataset.access !== "read";

/** Calls `watcher` when a visitor has given the token. */
export const onAccess = (watcher) => watchers.push(watcher);

async function read() {
  root.dataset.access = (await get("/_sandbox/version")).access;
}

async function enter() {
  if (!(await askForToken())) return;
  await read();
  if (!mayDrive()) {
    forgetToken();
    throw new Error("That is not the token of this server.");
  }
  watchers.forEach((watcher) => watcher());
  $("#main").focus({ preventScroll: true });
  toast("You drive: the token stays in this tab.");
}

$("#enter-token").addEventListener("click", () => tried(enter));
tried(read);
