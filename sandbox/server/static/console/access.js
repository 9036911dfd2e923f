// What one may do here. To a visitor of a demo, who may not, no page shows what would (base.css).
import { askForToken, get, tried } from "./api.js";
import { $, toast } from "./dom.js";

const root = document.documentElement;
const watchers = [];

/** When the server has said whether one may `drive`, `submit` or only `read`. */
export const known = get("/_sandbox/version").then((found) => { root.dataset.access = found.access; });

export const mayDrive = () => root.dataset.access === "drive";

/** Calls `watcher` when a visitor has given the token. */
export const onAccess = (watcher) => watchers.push(watcher);

async function enter() {
  if (!(await askForToken())) return;
  root.dataset.access = "drive";
  watchers.forEach((watcher) => watcher());
  $("#main").focus({ preventScroll: true });
  toast("You drive: the token stays in this tab.");
}

$("#enter-token").addEventListener("click", () => tried(enter));
tried(() => known);
