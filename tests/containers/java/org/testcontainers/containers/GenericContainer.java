package org.testcontainers.containers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import org.testcontainers.containers.wait.strategy.HttpWaitStrategy;

/** A container that is a process: of Testcontainers' class what the recipe calls. */
public class GenericContainer<SELF extends GenericContainer<SELF>> {
    private final Map<String, String> environment = new HashMap<>();
    private int exposed;
    private HttpWaitStrategy strategy;
    private URI where;

    public GenericContainer(String image) {
    }

    public SELF withEnv(String name, String value) {
        environment.put(name, value);
        return self();
    }

    public SELF withExposedPorts(Integer... ports) {
        exposed = ports[0];
        return self();
    }

    public SELF waitingFor(HttpWaitStrategy awaited) {
        strategy = awaited;
        return self();
    }

    public void start() {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", "exec " + System.getenv("CONTAINER"));
        builder.environment().putAll(environment);
        try {
            Process server = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
            Runtime.getRuntime().addShutdownHook(new Thread(server::destroy));
            String line = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
            where = URI.create(line.substring(line.lastIndexOf(' ') + 1));
            strategy.check(where);
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    public String getHost() {
        return where.getHost();
    }

    public Integer getMappedPort(int port) {
        if (port != exposed) {
            throw new IllegalArgumentException("not exposed: " + port);
        }
        return where.getPort();
    }

    @SuppressWarnings("unchecked")
    private SELF self() {
        return (SELF) this;
    }
}
