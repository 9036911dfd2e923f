/** A container that is a process: of testcontainers' classes what the recipe calls. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export const Wait = { forHttp: (path, port) => ({ path, port }) };

export class GenericContainer {
  #environment = {};
  #ports = [];
  #strategy = null;

  constructor(image) {
    assert.equal(typeof image, "string");
  }

  withEnvironment(environment) {
    this.#environment = environment;
    return this;
  }

  withExposedPorts(...ports) {
    this.#ports = ports;
    return this;
  }

  withWaitStrategy(strategy) {
    this.#strategy = strategy;
    return this;
  }

  async start() {
    const ports = this.#ports;
    const server = spawn("sh", ["-c", `exec ${process.env.CONTAINER}`], {
      env: { ...process.env, ...this.#environment },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [line] = await once(createInterface(server.stdout), "line");
    const { hostname, port, origin } = new URL(line.split(" ").at(-1));
    assert.ok(ports.includes(this.#strategy.port));
    assert.equal((await fetch(origin + this.#strategy.path)).status, 200);
    return {
      getHost: () => hostname,
      getMappedPort: (exposed) => (assert.ok(ports.includes(exposed)), Number(port)),
      stop: async () => {
        server.stdin.end();
        await once(server, "exit");
      },
    };
  }
}
