// What somebody meets who never was here: three calls to try, and what comes of them, at once.
import { onAccess } from "./access.js";
import { controlUrl, get, publicUrl, token, tried } from "./api.js";
import { now, onTurn } from "./clock.js";
import * as curl from "./curl.js";
import { $, day, phone as shownPhone, put } from "./dom.js";
import { on } from "./events.js";

const TO = "14155550123";
const HIDDEN = "sandbox-first-steps";

async function write() {
  const it = await get("");
  const [console] = it.consoles;
  if (!console) return;
  put("curl-submit", curl.submit(publicUrl, it.basic, console.code, {
    To: TO,
    From: console.line,
    Body: "Your results are in.",
  }));
  const today = () => put("curl-read", curl.lines(
    `curl -s ${curl.basicAuth(it.basic)}`,
    curl.quoted(`${publicUrl}/dialoghealth-writeback-api/api/responses/${console.code}/${day(now())}%2000:00:00/${day(now())}%2023:59:59`),
  ));
  onTurn(today);
  if (now()) today();
  const bearer = token() === null ? [] : ['-H "Authorization: Bearer $SANDBOX_CONTROL_TOKEN"'];
  put("curl-inbound", curl.lines(
    `curl -s ${curl.quoted(`${controlUrl}/inbound`)}`,
    ...bearer,
    "-H 'Content-Type: application/json'",
    `-d ${curl.quoted(JSON.stringify({ from: TO, to: console.line, text: "STOP" }))}`,
  ));
}

function arrived(open, message) {
  if (message.timeline.length > 1) return;
  const phone = message.direction === "outbound" ? message.to : message.from;
  const what = message.direction === "outbound" ? "A text has arrived on" : "A text came from";
  $("#first-effect").dataset.state = "arrived";
  $("#first-words").textContent = `${what} ${shownPhone(phone)}.`;
  const link = $("#first-link");
  link.hidden = false;
  link.href = `#${phone}`;
  link.onclick = (event) => { event.preventDefault(); open(phone); };
}

function show(isShown) {
  $("#first-steps").hidden = !isShown;
  $("#show-first-steps").hidden = isShown;
}

/** `open` opens a phone. */
export function startFirstSteps(open) {
  show(localStorage.getItem(HIDDEN) === null);
  $("#hide-first-steps").addEventListener("click", () => { localStorage.setItem(HIDDEN, "hidden"); show(false); });
  $("#show-first-steps").addEventListener("click", () => { localStorage.removeItem(HIDDEN); show(true); });
  for (const event of ["message", "inbound"]) on(event, (message) => arrived(open, message));
  tried(write);
  onAccess(() => tried(write));
}
