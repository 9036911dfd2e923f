import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RemindersTest {
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static final String URL = System.getenv("SANDBOX_URL");
    static final String TOKEN = System.getenv("SANDBOX_CONTROL_TOKEN");
    static final String PATIENT = "14155550123";

    String workspace;
    String control;

    @BeforeEach
    void makeWorkspace() throws Exception {
        workspace = call("POST", URL + "/_sandbox/workspaces",
            "{\"clock\": \"frozen\", \"delivery\": {\"mode\": \"immediate\"}, \"ttl\": 3600}");
        control = URL + "/_sandbox/workspaces/" + member(workspace, "id");
    }

    @AfterEach
    void deleteWorkspace() throws Exception {
        call("DELETE", control, "");
    }

    @Test
    void aPatientWhoSaysStopGetsNoMore() throws Exception {
        String sid = member(submit("See you tomorrow?"), "sid");
        call("POST", control + "/messages/" + sid + "/reply", "{\"text\": \"STOP\"}");

        String second = member(submit("Are you sure?"), "sid");
        assertEquals("rejected", member(call("GET", control + "/messages/" + second, ""), "status"));
    }

    /** Your own client stands here. */
    String submit(String text) throws Exception {
        String basic = member(workspace, "username") + ":" + member(workspace, "password");
        String form = "To=" + PATIENT + "&From=" + member(workspace, "line") + "&Body=" + URLEncoder.encode(text, UTF_8);
        HttpRequest request = HttpRequest
            .newBuilder(URI.create(URL + "/dialoghealth-simplepay-api/submit/" + member(workspace, "code")))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(UTF_8)))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form))
            .build();
        return HTTP.send(request, BodyHandlers.ofString()).body();
    }

    /** A call of the control API; off loopback it wants the token. */
    static String call(String method, String url, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body));
        if (TOKEN != null) {
            request.header("Authorization", "Bearer " + TOKEN);
        }
        var answer = HTTP.send(request.build(), BodyHandlers.ofString());
        assertTrue(answer.statusCode() < 300, method + " " + url + ": " + answer.body());
        return answer.body();
    }

    /** The first text member of that name; your JSON library does better. */
    static String member(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\\s*\"([^\"]*)\"").matcher(json);
        assertTrue(found.find(), name + " in " + json);
        return found.group(1);
    }
}
