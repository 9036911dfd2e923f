import { spawn } from "node:child_process";
import { once } from "node:events";
import { GenericContainer, Wait } from "testcontainers";

const token = "only-for-tests";
const sandbox = await new GenericContainer("registry.example.com/your-team/dialog-sandbox:0.1.0")
  .withEnvironment({ SANDBOX_CONTROL_TOKEN: token })
  .withExposedPorts(8080)
  .withWaitStrategy(Wait.forHttp("/_sandbox/health/ready", 8080))
  .start();

const url = `http://${sandbox.getHost()}:${sandbox.getMappedPort(8080)}`;
const env = { ...process.env, SANDBOX_URL: url, SANDBOX_CONTROL_TOKEN: token };
const [code] = await once(spawn("node", ["--test"], { env, stdio: "inherit" }), "exit");
await sandbox.stop();
process.exitCode = code ?? 1;
