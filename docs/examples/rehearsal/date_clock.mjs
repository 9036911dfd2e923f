/** The time of the last answer, and what has passed since: that of now, or in a rehearsal the workspace's. */
class DateClock {
  #date = Date.now();
  #seen = performance.now();

  follow(answer) {
    this.#date = Date.parse(answer.headers.get("date"));
    this.#seen = performance.now();
    return answer;
  }

  now() {
    return new Date(this.#date + performance.now() - this.#seen);
  }
}

const { SANDBOX_SIMPLEPAY_URL, SANDBOX_CONSOLE, SANDBOX_BASIC_USERNAME, SANDBOX_BASIC_PASSWORD } = process.env;
const basic = Buffer.from(`${SANDBOX_BASIC_USERNAME}:${SANDBOX_BASIC_PASSWORD}`).toString("base64");
const clock = new DateClock();
const call = async (path) =>
  clock.follow(await fetch(SANDBOX_SIMPLEPAY_URL + path, { headers: { Authorization: `Basic ${basic}` } }));

await call(`/messages/${SANDBOX_CONSOLE}/none`);
console.log(clock.now().toISOString().slice(0, 10));
