import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** One for the whole run; Testcontainers stops it when the JVM ends. */
final class Sandbox {
    static final String TOKEN = "only-for-tests";
    static final String URL;

    static {
        GenericContainer<?> sandbox = new GenericContainer<>("registry.example.com/your-team/dialog-sandbox:0.1.0")
            .withEnv("SANDBOX_CONTROL_TOKEN", TOKEN)
            .withExposedPorts(8080)
            .waitingFor(Wait.forHttp("/_sandbox/health/ready").forStatusCode(200));
        sandbox.start();
        URL = "http://" + sandbox.getHost() + ":" + sandbox.getMappedPort(8080);
    }

    private Sandbox() {
    }
}
