// Calls the control API, with the token where one is needed: it is asked once and kept for this tab.
import { $, h, toast } from "./dom.js";

/** `prefix` begins every path that the browser asks for: a proxy may have put it there. */
export const { workspace, prefix } = document.body.dataset;
/** It begins every URL that is shown: that of the settings, or the one by which the browser came. */
export const publicUrl = document.body.dataset.publicUrl || location.origin + prefix;
const ofWorkspace = `/_sandbox/workspaces/${encodeURIComponent(workspace)}`;
export const base = prefix + ofWorkspace;
export const controlUrl = publicUrl + ofWorkspace;
const TOKEN = "sandbox-token";

/** Where a page of this workspace is. */
export const pageOf = (...parts) =>
  [document.body.dataset.ui, ...[workspace, ...parts].map(encodeURIComponent)].join("/");

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }
}

export const token = () => sessionStorage.getItem(TOKEN);

function headers() {
  return token() ? { Authorization: `Bearer ${token()}` } : {};
}

let asking = null;
let isDeclined = false;

/** Asks for the token, once for all calls that come meanwhile; whether one was given. */
export function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = $("#token-dialog");
    $("#token").value = "";
    $("#token-wrong").hidden = true;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      asking = null;
      isDeclined = dialog.returnValue !== "given";
      resolve(!isDeclined);
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

/** Keeps a token that is right; another one is asked again, in the same dialog. */
async function useToken(given) {
  const answer = await fetch(`${prefix}/_sandbox/version`, { headers: { Authorization: `Bearer ${given}` } });
  const isRight = answer.ok && (await answer.json()).access === "drive";
  $("#token-wrong").textContent = "That is not the token of this server.";
  $("#token-wrong").hidden = isRight;
  if (!isRight) return $("#token").select();
  sessionStorage.setItem(TOKEN, given);
  return $("#token-dialog").close("given");
}

$("#token-dialog form").addEventListener("submit", (event) => {
  if (event.submitter?.value === "none") return;
  event.preventDefault();
  useToken($("#token").value.trim()).catch(() => {
    $("#token-wrong").textContent = "The server did not answer: try again.";
    $("#token-wrong").hidden = false;
  });
});

/** A response, once the token is right; one that says no when nobody gives it, who is not asked again then. */
export async function request(path, options = {}) {
  for (;;) {
    const used = token();
    const response = await fetch(path, { ...options, headers: { ...options.headers, ...headers() } });
    if (response.status !== 401) return response;
    if (used === token() && (isDeclined || !(await askForToken()))) return response;
  }
}

/** Has the browser keep what is at a path below the workspace. */
export async function save(path, name) {
  const response = await request(`${base}/${path}`);
  if (!response.ok) throw new Problem(response.status, await response.json());
  const url = URL.createObjectURL(await response.blob());
  h("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

/** The answer of a call below the workspace, or a Problem. A path that begins with / stands for itself. */
export async function call(method, path, body) {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await request(path.startsWith("/_sandbox") ? prefix + path : base + path, { method, ...given });
  const text = await response.text();
  const read = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Problem(response.status, read);
  return read;
}

export const get = (path) => call("GET", path);

/** The page itself says so, once for all that was asked of it. */
export function tellNoWorkspace() {
  $("#no-workspace").hidden = false;
}

/** Does something for somebody who waits for it: a problem is told, and null comes back. */
export async function tried(work) {
  try {
    return await work();
  } catch (error) {
    if (error.body?.title === "Unknown workspace") tellNoWorkspace();
    else toast(error.message, "problem");
    return null;
  }
}

export const query = (parameters) => {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};
