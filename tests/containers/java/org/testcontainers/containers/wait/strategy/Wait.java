package org.testcontainers.containers.wait.strategy;

/** Of Testcontainers' class what the recipe calls. */
public final class Wait {
    private Wait() {
    }

    public static HttpWaitStrategy forHttp(String path) {
        return new HttpWaitStrategy(path);
    }
}
