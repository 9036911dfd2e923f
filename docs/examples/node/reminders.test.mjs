import assert from "node:assert/strict";
import { after, before, test } from "node:test";

const control = `${process.env.SANDBOX_URL}/_sandbox/workspaces`;
const patient = "14155550123";
let workspace;

/** A call of the control API; off loopback it wants the token. */
async function call(method, url, body) {
  const headers = { "Content-Type": "application/json" };
  if (process.env.SANDBOX_CONTROL_TOKEN) headers.Authorization = `Bearer ${process.env.SANDBOX_CONTROL_TOKEN}`;
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

/** Your own client stands here. */
async function submit(text) {
  const { username, password } = workspace.basic;
  const [console] = workspace.consoles;
  const answer = await fetch(`${process.env.SANDBOX_URL}/dialoghealth-simplepay-api/submit/${console.code}`, {
    method: "POST",
    headers: { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` },
    body: new URLSearchParams({ To: patient, From: console.line, Body: text }),
  });
  return answer.json();
}

before(async () => {
  workspace = await call("POST", control, { clock: "frozen", delivery: { mode: "immediate" }, ttl: 3600 });
});

after(() => call("DELETE", `${control}/${workspace.id}`));

test("a patient who says stop gets no more", async () => {
  const { sid } = await submit("See you tomorrow?");
  await call("POST", `${control}/${workspace.id}/messages/${sid}/reply`, { text: "STOP" });

  const second = await submit("Are you sure?");
  const message = await call("GET", `${control}/${workspace.id}/messages/${second.sid}`);
  assert.equal(message.status, "rejected");
});
