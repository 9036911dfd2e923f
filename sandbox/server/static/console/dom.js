// Makes elements and writes values for people. Text goes in as text, never as markup.

export const $ = (selector, root = document) => root.querySelector(selector);

/** An element with attributes, or properties of functions, and children that are elements or text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A copy of a template's first element, and the parts of it that have a data-part. */
export function stamp(id) {
  const element = document.getElementById(id).content.cloneNode(true);
  const parts = {};
  for (const part of element.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
  return [element, parts];
}

/** Lets a form be used, once what it needs is there. */
export function enable(form, isEnabled = true) {
  $("fieldset", form).disabled = !isEnabled;
}

/** Shows a value in every place of a page that waits for it. */
export function put(part, text) {
  for (const element of document.querySelectorAll(`[data-part="${part}"]`)) element.textContent = text;
}

// Numbers and times --------------------------------------------------------------------------------------------------

export function phone(digits) {
  const us = /^1(\d{3})(\d{3})(\d{4})$/.exec(digits ?? "");
  if (us) return `+1 ${us[1]}-${us[2]}-${us[3]}`;
  return /^\d{11,15}$/.test(digits ?? "") ? `+${digits}` : digits ?? "";
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const day = (at) => at.slice(0, 10);
/** 14:05:09, of an RFC 3339 time in UTC. */
export const time = (at) => at.slice(11, 19);
/** 6 May 2026 */
export const date = (at) => `${Number(at.slice(8, 10))} ${MONTHS[Number(at.slice(5, 7)) - 1]} ${at.slice(0, 4)}`;
/** 14:05:09 UTC, with its date when that is not the day of `now`. */
export function moment(at, now) {
  const words = `${time(at)} UTC`;
  return now && day(at) === day(now) ? words : `${date(at)}, ${words}`;
}
/** As short as can be: 14:05 on the day of `now`, else 6 May. */
export function short(at, now) {
  return now && day(at) === day(now) ? at.slice(11, 16) : date(at).slice(0, -5);
}

export function setTime(element, at, words) {
  element.dateTime = at;
  element.title = `${at} (sandbox time)`;
  element.textContent = words;
}

/** Makes an element show a message's status, in words and colour. */
export function setStatus(element, status) {
  element.textContent = status;
  element.dataset.status = status;
}

/** Somebody's name, or the number of whom nobody has named. */
export function name(person) {
  return [person.first_name, person.last_name].filter(Boolean).join(" ").trim() || phone(person.phone);
}

/** A URL or path as children of an element: its lines break behind slashes. */
export function breakable(url) {
  return url.split(/(?<=[/&?])/).flatMap((part) => [part, document.createElement("wbr")]);
}

/** At most so much of a text; no surrogate pair is cut. */
export function beginning(text, most) {
  if (text.length <= most) return text;
  return `${[...text.slice(0, most)].slice(0, -1).join("")}…`;
}

// What happened ------------------------------------------------------------------------------------------------------

/** In the panel that is open, which lies over everything else: beside what was pressed there, or on its top. */
function tellInPanel(words, kind) {
  const panel = $(".panel:popover-open");
  if (!panel) return false;
  const pressed = document.activeElement?.closest("form, section, .tale");
  const place = pressed && panel.contains(pressed) ? pressed : $(".panel-head", panel);
  const told = h("p", { class: `told ${kind}`, role: kind === "problem" ? "alert" : "status" }, words);
  panel.querySelectorAll(".told").forEach((each) => each.remove());
  if (place === pressed) place.append(told);
  else place.after(told);
  told.scrollIntoView({ block: "nearest" });
  if (kind === "done") setTimeout(() => told.remove(), 5000);
  return true;
}

/** Tells something for some seconds; a problem until it is closed, and once if it is told again meanwhile. */
export function toast(words, kind = "done") {
  if (tellInPanel(words, kind)) return;
  const told = [...document.querySelectorAll(".toast > span")].map((span) => span.textContent);
  if (told.includes(words)) return;
  const close = h("button", { type: "button", class: "quiet small", click: () => box.remove() }, "Close");
  const box = h("div", { class: `toast ${kind}` }, h("span", {}, words), close);
  $("#toasts").append(box);
  if (kind === "done") setTimeout(() => box.remove(), 5000);
}

/** Whether somebody means it; `isLoss`: something goes for good. */
export function confirmed(title, words, yes, { isLoss = false } = {}) {
  const dialog = $("#confirm-dialog");
  $("#confirm-title").textContent = title;
  $("#confirm-words").textContent = words;
  $("#confirm-yes").textContent = yes;
  $("#confirm-yes").className = isLoss ? "danger" : "primary";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export async function copy(text, told) {
  try {
    await navigator.clipboard.writeText(text);
    const before = told.textContent;
    told.textContent = "Copied";
    setTimeout(() => { told.textContent = before; }, 1500);
  } catch {
    toast("The browser does not let this page copy: select the text instead.", "problem");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy($("code", button.closest(".code-box")).textContent, $("[data-copied]", button));
});
