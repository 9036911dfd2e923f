import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.format.DateTimeFormatter.RFC_1123_DATE_TIME;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;

/** The time of the last answer, and what has passed since: that of now, or in a rehearsal the workspace's. */
class DateClock {
    private Instant date = Instant.now();
    private long seen = System.nanoTime();

    <T> HttpResponse<T> follow(HttpResponse<T> answer) {
        date = Instant.from(RFC_1123_DATE_TIME.parse(answer.headers().firstValue("date").orElseThrow()));
        seen = System.nanoTime();
        return answer;
    }

    Instant now() {
        return date.plusNanos(System.nanoTime() - seen);
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> env = System.getenv();
        String basic = env.get("SANDBOX_BASIC_USERNAME") + ":" + env.get("SANDBOX_BASIC_PASSWORD");
        String path = "/messages/" + env.get("SANDBOX_CONSOLE") + "/none";
        HttpRequest request = HttpRequest.newBuilder(URI.create(env.get("SANDBOX_SIMPLEPAY_URL") + path))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(UTF_8)))
            .build();
        DateClock clock = new DateClock();
        clock.follow(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()));
        System.out.println(clock.now().toString().substring(0, 10));
    }
}
