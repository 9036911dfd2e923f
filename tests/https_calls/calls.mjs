// A call of each vendor by Node's fetch, which reads NODE_EXTRA_CA_CERTS; prints the statuses.
const env = process.env;
const basic = Buffer.from(`${env.SANDBOX_BASIC_USERNAME}:${env.SANDBOX_BASIC_PASSWORD}`).toString("base64");
const headers = { Authorization: `Basic ${basic}` };
const day = "2026-05-06%2000:00:00/2026-05-06%2023:59:59";
const keys = { access_key: env.SANDBOX_ACCESS_KEY, secret_access_key: env.SANDBOX_SECRET_ACCESS_KEY };
const query = new URLSearchParams({
  action: "sms.get_messages",
  ...keys,
  start_date: "20260506",
  end_date: "20260506",
});
const form = new URLSearchParams({ To: "14155550123", From: env.SANDBOX_LINE, Body: "Hello" });

for (const [url, options] of [
  [`${env.SANDBOX_WRITEBACK_URL}/api/responses/${env.SANDBOX_CONSOLE}/${day}`, {}],
  [`${env.SANDBOX_SIMPLEPAY_URL}/submit/${env.SANDBOX_CONSOLE}`, { method: "POST", body: form }],
  [`${env.SANDBOX_DIALOGTECH_URL}?${query}`, {}],
]) {
  console.log((await fetch(url, { headers, ...options })).status);
}
