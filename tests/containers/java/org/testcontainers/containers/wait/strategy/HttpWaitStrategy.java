package org.testcontainers.containers.wait.strategy;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** Of Testcontainers' class what the recipe calls. A ready one is asked once. */
public final class HttpWaitStrategy {
    private final String path;
    private int status = 200;

    HttpWaitStrategy(String path) {
        this.path = path;
    }

    public HttpWaitStrategy forStatusCode(int code) {
        status = code;
        return this;
    }

    public void check(URI where) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) where.resolve(path).toURL().openConnection();
        if (connection.getResponseCode() != status) {
            throw new IllegalStateException("it answers " + connection.getResponseCode());
        }
    }
}
