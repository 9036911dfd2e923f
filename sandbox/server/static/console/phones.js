// The phones page: the wall, the phone that is open, and what comes in meanwhile.
import { workspace } from "./api.js";
import { on } from "./events.js";
import * as handset from "./handset.js";
import { startFirstSteps } from "./first_steps.js";
import * as wall from "./wall.js";

const isOfPhone = (message) => (message.direction === "outbound" ? message.to : message.from);

function arrived(message) {
  const phone = isOfPhone(message);
  wall.arrived(phone, message, phone === handset.current());
  if (phone === handset.current()) handset.arrived(message);
}

for (const event of ["message", "inbound", "status"]) on(event, arrived);

async function anew() {
  await Promise.all([wall.load(), handset.current() && handset.open(handset.current())]);
}

on("reset", anew);
on("gap", anew);

// The address names the open phone, so that back, reload and a shared link do what one expects -----------------------

const phones = `${document.body.dataset.ui}/${encodeURIComponent(workspace)}/phones`;

function phoneOfAddress() {
  return decodeURIComponent(/\/phones\/([^/]+)$/.exec(location.pathname)?.[1] ?? "") || null;
}

function follow() {
  const phone = phoneOfAddress();
  wall.mark(phone);
  if (phone) handset.open(phone);
  else handset.hide();
}

function go(phone) {
  history.pushState(null, "", phone ? `${phones}/${phone}` : phones);
  follow();
}

wall.onOpen(go);
handset.onClose(() => go(null));
addEventListener("popstate", follow);

wall.load();
startFirstSteps(go);
follow();
