// The workspace bar: the clock, and the panel with all that a workspace can be told.
import "./access.js";
import { get, pageOf, tried, workspace } from "./api.js";
import * as clock from "./clock.js";
import { $, date, h, time } from "./dom.js";
import { on } from "./events.js";
import "./panel.js";
import "./stories.js";

// The clock ----------------------------------------------------------------------------------------------------------

function showTime() {
  const now = clock.now();
  if (now === null) return;
  $("#clock-now").dateTime = now;
  $("#clock-date").textContent = date(now);
  $("#clock-time").textContent = time(now);
}

function showTurn() {
  const button = $("#clock-toggle");
  const turn = clock.isFrozen() ? "run" : "freeze";
  button.dataset.turn = turn;
  for (const each of document.querySelectorAll(".clock button")) each.disabled = false;
  button.setAttribute("aria-label", turn === "run" ? "Let the clock run" : "Freeze the clock");
  $("#clock-now").title = clock.isFrozen() ? "Sandbox time: frozen" : "Sandbox time: running";
  $("#clock-frozen").hidden = !clock.isFrozen();
  $(".clock").dataset.state = clock.isFrozen() ? "frozen" : "running";
  showTime();
}

clock.onTurn(showTurn);
setInterval(showTime, 250);
$("#clock-toggle").addEventListener("click", (event) =>
  tried(() => clock.turn({ action: event.currentTarget.dataset.turn })));
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () =>
    tried(() => clock.turn({ action: "advance", seconds: Number(button.dataset.advance) })));
}
tried(clock.read);
on("gap", clock.read);
on("reset", clock.read);

// How much of the top is taken, for what stays in sight below it.
new ResizeObserver(([bar]) => {
  document.documentElement.style.setProperty("--top", `${bar.target.offsetHeight}px`);
}).observe($(".bar"));

// Dark and light -----------------------------------------------------------------------------------------------------

$("#theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("sandbox-theme", root.dataset.theme);
});

// Which workspace ----------------------------------------------------------------------------------------------------

tried(async () => {
  const { items } = await get("/_sandbox/workspaces");
  const choice = $("#workspace-choice");
  for (const each of items) choice.add(new Option(each.name, each.name));
  $("#known-workspaces").replaceChildren(...items.flatMap((each, n) =>
    [n ? ", " : "", h("a", { href: pageOf().replace(/[^/]*$/, `${encodeURIComponent(each.name)}/phones`) }, each.name)]));
  const current = items.find((each) => [each.name, each.id].includes(workspace));
  choice.value = current?.name ?? "";
  $("#workspace-name").textContent = current?.name ?? workspace;
  choice.disabled = false;
  choice.addEventListener("change", () => {
    location.href = pageOf().replace(/[^/]*$/, `${encodeURIComponent(choice.value)}/phones`);
  });
});
