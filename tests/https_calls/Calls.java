import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;

/** A call of each vendor by java.net.http, which trusts what JAVA_TOOL_OPTIONS names; prints the statuses. */
class Calls {
    static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws Exception {
        String console = env("CONSOLE");
        String form = "To=14155550123&From=" + env("LINE") + "&Body=Hello";
        call(request(env("WRITEBACK_URL") + "/api/responses/" + console + "/2026-05-06%2000:00:00/2026-05-06%2023:59:59"));
        call(request(env("SIMPLEPAY_URL") + "/submit/" + console)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form)));
        call(request(env("DIALOGTECH_URL") + "?action=sms.get_messages&access_key=" + env("ACCESS_KEY")
            + "&secret_access_key=" + env("SECRET_ACCESS_KEY") + "&start_date=20260506&end_date=20260506"));
    }

    static HttpRequest.Builder request(String url) {
        String basic = env("BASIC_USERNAME") + ":" + env("BASIC_PASSWORD");
        return HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(UTF_8)));
    }

    static void call(HttpRequest.Builder request) throws Exception {
        System.out.println(HTTP.send(request.build(), BodyHandlers.ofString()).statusCode());
    }

    static String env(String name) {
        return System.getenv("SANDBOX_" + name);
    }
}
