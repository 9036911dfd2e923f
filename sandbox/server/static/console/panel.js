// The workspace panel: credentials, delivery, faults, snapshots, reset, and further workspaces.
import { known, mayDrive, onAccess } from "./access.js";
import { call, get, pageOf, prefix, Problem, publicUrl, request, tried, workspace } from "./api.js";
import { $, breakable, confirmed, copy, enable, stamp, toast } from "./dom.js";
import { on } from "./events.js";

const panel = $("#workspace-panel");

// Credentials --------------------------------------------------------------------------------------------------------

function pair(name, value) {
  const [row, parts] = stamp("pair");
  parts.name.textContent = name;
  parts.value.replaceChildren(...breakable(value));
  parts.copy.setAttribute("aria-label", `Copy: ${name}`);
  parts.copy.addEventListener("click", () => copy(value, parts.name));
  return row;
}

async function showCredentials() {
  const it = await get("");
  $("#delete-workspace").hidden = it.name === "default";
  const pairs = [
    ["Base URL", publicUrl],
    ["Basic username", it.basic.username],
    ["Basic password", it.basic.password],
    ...it.consoles.flatMap((console) => [["Console", console.code], [`Line of ${console.name}`, console.line]]),
    ...it.accounts.flatMap((account) => [
      ["DialogTech access key", account.access_key],
      ["DialogTech secret key", account.secret_access_key],
      ...account.tracking_numbers.map((number) => ["Tracking number", number]),
    ]),
    ["Control API", `${publicUrl}/_sandbox/workspaces/${it.id}`],
  ];
  $("#credentials").replaceChildren(...pairs.map((each) => pair(...each)));
}

// Delivery -----------------------------------------------------------------------------------------------------------

const delivery = $("#delivery");

/** Nothing can be changed before it is known what is in force. */
function allow(isAllowed) {
  for (const element of delivery.elements) element.disabled = !(isAllowed && mayDrive());
}

async function showDelivery() {
  allow(false);
  const [policy] = await Promise.all([get("/delivery"), known]);
  for (const name of ["mode", "sent_after", "settled_after", "outcome"]) delivery.elements[name].value = policy[name];
  delivery.numbers = policy.numbers;
  allow(true);
}

delivery.addEventListener("submit", (event) => {
  event.preventDefault();
  const { mode, sent_after, settled_after, outcome } = delivery.elements;
  tried(async () => {
    await call("PUT", "/delivery", {
      mode: mode.value,
      sent_after: Number(sent_after.value),
      settled_after: Number(settled_after.value),
      outcome: outcome.value,
      numbers: delivery.numbers,
    });
    toast("Delivery changed.");
  });
});

// Faults -------------------------------------------------------------------------------------------------------------

let faults = [];
let switchedOff = [];

/** A fault in a line: what it hits, and what it does. */
function inWords(fault) {
  const match = Object.entries(fault.match ?? {}).map(([name, value]) => (name === "operation" ? value : `${name} ${value}`));
  const effect = Object.entries(fault.effect ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const left = fault.left === null ? "" : fault.left ? ` · ${fault.left} more` : " · spent";
  return `${match.join(", ") || "every call"} → ${effect.join(", ")}${left}`;
}

/** What a fault was asked as, so that it can be asked again. */
function asAsked(fault) {
  const { match, effect, probability, seed, skip, times, expires_in } = fault;
  return Object.fromEntries(
    Object.entries({ match, effect, probability, seed, skip, times, expires_in }).filter(([, value]) => value != null));
}

function faultRow(fault) {
  const [row, parts] = stamp("fault-row");
  parts.words.textContent = inWords(fault);
  parts.remove.addEventListener("click", () => tried(async () => {
    await call("DELETE", `/faults/${encodeURIComponent(fault.id)}`);
    await showFaults();
  }));
  return row;
}

export async function showFaults() {
  faults = (await get("/faults")).items;
  $("#faults").replaceChildren(...faults.map(faultRow));
  $("#no-faults").hidden = faults.length > 0;
  $("#faults-off").hidden = faults.length === 0;
  $("#faults-back").hidden = switchedOff.length === 0 || faults.length > 0;
  const waiting = faults.filter((fault) => fault.left !== 0).length;
  const tag = $("#faults-on");
  tag.hidden = waiting === 0;
  tag.textContent = waiting === 1 ? "1 fault" : `${waiting} faults`;
}

const newFault = $("#new-fault");
enable(newFault);
newFault.addEventListener("submit", (event) => {
  event.preventDefault();
  const { effect, times, skip, ...match } = Object.fromEntries([...new FormData(newFault)].map(([name, value]) => [name, value.trim()]));
  tried(async () => {
    await call("POST", "/faults", {
      match: Object.fromEntries(Object.entries(match).filter(([, value]) => value)),
      effect: JSON.parse(effect),
      ...(times ? { times: Number(times) } : {}),
      ...(skip ? { skip: Number(skip) } : {}),
    });
    newFault.reset();
    await showFaults();
    toast("The fault is on.");
  });
});

$("#faults-off").addEventListener("click", () => tried(async () => {
  switchedOff = faults.map(asAsked);
  await call("DELETE", "/faults");
  await showFaults();
}));
$("#faults-back").addEventListener("click", () => tried(async () => {
  await call("PUT", "/faults", switchedOff);
  await showFaults();
}));

// Snapshots and reset ------------------------------------------------------------------------------------------------

function snapshotRow(snapshot) {
  const [row, parts] = stamp("snapshot-row");
  parts.name.textContent = snapshot.name;
  const path = `/snapshots/${encodeURIComponent(snapshot.name)}`;
  parts.restore.addEventListener("click", async () => {
    const words = "What happened since it was taken goes for good: messages, replies, consents, callbacks, faults and exchanges.";
    if (!(await confirmed(`Restore ${snapshot.name}?`, words, "Restore", { isLoss: true }))) return;
    await tried(async () => {
      await call("POST", `${path}/restore`);
      toast(`Restored ${snapshot.name}.`);
    });
  });
  parts.remove.addEventListener("click", async () => {
    if (!(await confirmed(`Delete ${snapshot.name}?`, "The snapshot goes for good; the workspace stays as it is.", "Delete", { isLoss: true }))) return;
    await tried(async () => {
      await call("DELETE", path);
      await showSnapshots();
    });
  });
  return row;
}

async function showSnapshots() {
  const { items } = await get("/snapshots");
  $("#snapshots").replaceChildren(...items.map(snapshotRow));
  enable($("#snapshot"));
}

$("#snapshot").addEventListener("submit", (event) => {
  event.preventDefault();
  tried(async () => {
    await call("PUT", `/snapshots/${encodeURIComponent($("#snapshot-name").value.trim())}`);
    $("#snapshot-name").value = "";
    await showSnapshots();
  });
});
$("#reset").disabled = false;
$("#reset").addEventListener("click", async () => {
  const words = "All messages, replies, consents, callbacks, faults and exchanges of this workspace go for good, and its clock and delivery"
    + " begin again. Its credentials, sinks and snapshots stay.";
  if (!(await confirmed(`Reset ${workspace} to the seed?`, words, "Reset", { isLoss: true }))) return;
  await tried(async () => {
    await call("POST", "/reset", {});
    toast("The workspace is as it was seeded.");
  });
});

$("#delete-workspace").addEventListener("click", async () => {
  const words = "All that is in it goes for good, its snapshots and sinks too, and its credentials stop working.";
  if (!(await confirmed(`Delete ${workspace}?`, words, "Delete", { isLoss: true }))) return;
  await tried(async () => {
    await call("DELETE", "");
    location.href = document.body.dataset.ui;
  });
});

// Further workspaces -------------------------------------------------------------------------------------------------

$("#new-workspace").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("#new-workspace-name").value.trim();
  tried(async () => {
    const made = await call("POST", "/_sandbox/workspaces", {
      ...(name ? { name } : {}),
      fixture: $("#new-workspace-fixture").value,
    });
    location.href = pageOf("phones").replace(/[^/]*\/phones$/, `${encodeURIComponent(made.name)}/phones`);
  });
});

$("#open-run").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  tried(async () => {
    const response = await request(`${prefix}/_sandbox/bundles`, { method: "POST", body: file });
    const made = await response.json();
    if (!response.ok) throw new Problem(response.status, made);
    location.href = pageOf("exchanges").replace(/[^/]*\/exchanges$/, `${encodeURIComponent(made.name)}/exchanges`);
  });
});

async function showFixtures() {
  const { items } = await get("/_sandbox/fixtures");
  $("#new-workspace-fixture").replaceChildren(...items.map((each) => new Option(each.name, each.name)));
  enable($("#new-workspace"));
}

let isFilled = false;
function showAll() {
  for (const show of [showCredentials, showDelivery, showFaults, showSnapshots]) tried(show);
}

panel.addEventListener("toggle", (event) => {
  if (event.newState !== "open") return;
  panel.querySelectorAll(".told").forEach((each) => each.remove());
  showAll();
  if (!isFilled) tried(showFixtures);
  isFilled = true;
});
onAccess(() => { if (panel.matches(":popover-open")) showAll(); });
showFaults().catch(() => {});
on("reset", () => showFaults().catch(() => {}));
on("exchange", (entry) => { if (entry.fault) showFaults().catch(() => {}); });
