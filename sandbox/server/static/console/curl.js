// Writes calls as curl lines that a shell reads as they are meant.

const SAFE = /^[\w@%+=:,./-]+$/;

export const quoted = (word) => (SAFE.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Words of one command, `\` at the end of each line but the last. */
export const lines = (...parts) => parts.join(" \\\n  ");

export const basicAuth = ({ username, password }) => `-u ${quoted(`${username}:${password}`)}`;

/** A submit of SimplePay, as a partner's program makes it. */
export function submit(origin, basic, code, fields) {
  return lines(
    `curl -s ${basicAuth(basic)} ${quoted(`${origin}/dialoghealth-simplepay-api/submit/${code}`)}`,
    ...Object.entries(fields).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`),
  );
}
