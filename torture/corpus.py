"""Requests that nobody should send: targets, headers, forms and bodies that have broken servers before."""

from torture.shapes import SIMPLEPAY

CONSOLE, PHONE, LINE = "HARBOR1001", "16295550101", "16155550110"
BASIC = b"Authorization: Basic ZGVtbzpkZW1v\r\n"
GOOD_READ = b"/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00"
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}".encode()
GOOD_FORM = f"To={PHONE}&From={LINE}&Body=Hello".encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORM_TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"

METHODS = tuple(b"GET HEAD POST PUT DELETE PATCH OPTIONS TRACE PROPFIND PURGE".split())
TAILS = (
    b"",
    *b"/ // /x /.. /../_sandbox/version /%2e%2e/ /. %2F %2fx".split(),
    *b"/%00 /%ff /%zz /% /%u0041 /%E2%82%AC /%ED%A0%80 ;x=1".split(),
    *b"? ?% ?%ff=%00 ?&&=& ?a=b?c #x /'\"<>|{}^`\\".split(),
    b"/" + b"x" * 60_000,
    b"?" + b"&" * 60_000,
    b"/" + b"x/" * 2_000,
)
OWNED = (
    b"/dialoghealth-writeback-api",
    b"/dialoghealth-writeback-api/api/responses/HARBOR1001",
    GOOD_READ,
    SIMPLEPAY.encode(),
    SUBMIT,
    f"{SIMPLEPAY}/messages/{CONSOLE}/x".encode(),
    f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}".encode(),
    b"/ibp_api.php",
    b"/ibp%5fapi.php",
)
OTHERS = (
    b"",
    *b"/_sandbox /_sandbox/version /_sandbox/workspaces/default /favicon.ico /IBP_API.PHP".split(),
    *b"/dialoghealth-writeback-apis //ibp_api.php /./ibp_api.php /x/../ibp_api.php".split(),
)

ODD_HEADERS = {
    "Host twice": b"Host: a\r\nHost: b\r\n",
    "an empty Host": b"Host:\r\n",
    "a Host of odd bytes": b"Host: \xff\xfe:99999999\r\n",
    "a huge header": b"X-Huge: " + b"x" * 60_000 + b"\r\n",
    "many headers": b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(2_000)),
    "Latin-1 and UTF-8 values": "X-Latin: é\r\n".encode("latin-1") + "X-Utf: é👋\r\n".encode(),
    "no value": b"X-Empty:\r\n",
    "cookies": b"Cookie: a=b; c=\x80\r\nCookie: d\r\n",
    "a null origin": b"Origin: null\r\n",
    "two origins": b"Origin: http://a\r\nOrigin: http://127.0.0.1\r\n",
    "an origin of odd bytes": b"Origin: \xff://\xff\r\n",
    "a websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n",
    "HTTP/2 in clear": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAR\r\n",
    "a proxy": b"X-Forwarded-For: ,,\xff,a b\r\nX-Forwarded-Proto: \xff\r\nX-Forwarded-Host: x\r\nForwarded: for=x\r\n",
    "a range": b"Range: bytes=0-1\r\nIf-None-Match: *\r\nIf-Modified-Since: x\r\n",
    "what is accepted": b"Accept: image/png;q=0\r\nAccept-Encoding: br, gzip;q=x\r\nTE: trailers\r\n",
    "another Authorization": b"Authorization: Basic \xff\xfe\r\nAuthorization: Digest x=\r\n",
    "faults that are none": b"X-Sandbox-Fault: status=99, =;\xff, latency_ms=-1\r\nX-Sandbox-Fault: drip\r\n",
    "an expectation nobody knows": b"Expect: 200-ok\r\n",
    "an encoded body": b"Content-Encoding: gzip\r\n",
}

URLENCODED = b"application/x-www-form-urlencoded"
PART = b'--b\r\nContent-Disposition: form-data; name="To"\r\n\r\n1\r\n'
ODD_FORMS = [
    (URLENCODED, b"&&&=&=&%&%4&%zz=%&\xff=\xfe&To=\x00"),
    (URLENCODED, b"a" * 2_000_000),
    (URLENCODED, b"&" * 900_000),
    (URLENCODED, b"To=1&" * 200_000),
    (URLENCODED + b"; charset=utf-16", GOOD_FORM.decode().encode("utf-16")),
    (URLENCODED + b";;;=;\xff", GOOD_FORM),
    (b"application/json", b'{"To": 1}'),
    (b"", GOOD_FORM),
    (b";", GOOD_FORM),
    (b"x" * 10_000, GOOD_FORM),
    (b"multipart/form-data", PART),
    (b"multipart/form-data; boundary=", PART),
    (b'multipart/form-data; boundary=""', PART),
    (b"multipart/form-data; boundary=" + b"b" * 5_000, PART),
    (b"multipart/form-data; boundary=\xff", b"--\xff\r\n\r\n\r\n--\xff--"),
    (b"multipart/form-data; boundary=b; boundary=c", PART),
    (b"multipart/form-data; boundary*=utf-8''b", PART),
    (b"multipart/form-data; boundary=b", b""),
    (b"multipart/form-data; boundary=b", b"--b--"),
    (b"multipart/form-data; boundary=b", PART),
    (b"multipart/form-data; boundary=b", PART + b"--b--\r\ntrailing\r\n--b\r\n"),
    (b"multipart/form-data; boundary=b", PART * 5_000 + b"--b--"),
    (b"multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5_000 + b"\r\n1\r\n--b--"),
    (b"multipart/form-data; boundary=b", b"--b\r\nContent-Disposition\r\n\r\n1\r\n--b--"),
    (b"multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--b--'),
    (b"multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: ;;;name\r\n\r\n1\r\n--b--"),
    (b"multipart/form-data; boundary=b", b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--"),
    (b"multipart/mixed; boundary=b", PART + b"--b--"),
]

BROKEN_BODIES = {
    "no chunk size": (CHUNKED, b"zz\r\nxx\r\n0\r\n\r\n"),
    "a huge chunk size": (CHUNKED, b"f" * 40 + b"\r\nxx\r\n"),
    "a chunk longer than it says": (CHUNKED, b"1\r\nToooo\r\n0\r\n\r\n"),
    "chunks without end": (CHUNKED, b"5\r\nTo=14"),
    "no chunks at all": (CHUNKED, b""),
    "chunked and a length": (CHUNKED + b"Content-Length: 3\r\n", b"0\r\n\r\n"),
    "chunked twice": (CHUNKED + CHUNKED, b"0\r\n\r\n"),
    "an unknown transfer encoding": (b"Transfer-Encoding: gzip\r\n", b"xx"),
    "chunked, then gzip": (b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
    "less than its length": (b"Content-Length: 100\r\n", b"To=1"),
    "nothing of its length": (b"Content-Length: 100\r\n", b""),
    "more than its length": (b"Content-Length: 2\r\n", b"To=14155550123&From=x"),
    "a negative length": (b"Content-Length: -1\r\n", b"x"),
    "a signed length": (b"Content-Length: +1\r\n", b"x"),
    "a length that is no number": (b"Content-Length: 0x1\r\n", b"x"),
    "a length beyond all": (b"Content-Length: " + b"9" * 40 + b"\r\n", b"x"),
    "two lengths": (b"Content-Length: 1\r\nContent-Length: 2\r\n", b"xx"),
    "two lengths in one": (b"Content-Length: 1, 1\r\n", b"x"),
}

GARBAGE = [
    b"\r\n\r\n\x00\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-OpenSSH_9.2\r\n", b"EHLO x\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/3.0\r\n\r\n", b"GET / HTTP/1\r\n\r\n", b"get / HTTP/1.1\r\n\r\n",
    b"BREW /ibp_api.php HTTP/1.1\r\n\r\n", b"GET\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n", b"GET x HTTP/1.1\r\n\r\n",
    "GET /é HTTP/1.1\r\n\r\n".encode(), b"GET /\x00 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nX : y\r\n\r\n", b"GET / HTTP/1.1\r\n\xe9: x\r\n\r\n", b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n", b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 70_000), b"HTTP/1.1 200 OK\r\n\r\n",
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n", b'{"jsonrpc": "2.0"}\r\n\r\n', b"\xff" * 70_000,
]  # fmt: skip

# Values ---------------------------------------------------------------------------------------------------------------

ODD_DATES = [
    "2026-02-30 00:00:00", "2026-05-06 24:00:00", "2026-05-06T00:00:00Z", "0000-00-00 00:00:00", "9999-12-31 23:59:59",
    "-001-01-01 00:00:00", "2026-05-06", "20260230", "2026١١١١", "00000000", "99991231", "2026-05-06 00:00:60", "x",
]  # fmt: skip
ODD_PHONES = [
    "+16295550101", "16295550101" * 9, "1629555010", "١٦٢٩٥٥٥٠١٠١", "1 629 555 0101", "-6295550101", "1e10", "0" * 15,
    "16295550101\n", "16295550101\0", "١6295550101", "&#49;6295550101",
]  # fmt: skip
ODD_TEXTS = [
    "\0", "\x0b", "\x1f\x7f\x85", "\ufffe\uffff", "]]>", "<![CDATA[", "&lt;&#0;&x;", "<!DOCTYPE x [", "\ud800",
    "\udc00\ud800", "\r\n\r\n", "\u2028", "\u202e", "e\u0301" * 40, "👩‍👩‍👧‍👦" * 40, "x" * 100_000, "€" * 5_000,
    "", " ", "\ufeff", "STOP", "{first_name}", "' OR 1=1 --", "%s%n", "${x}", "{{7*7}}", "../../etc/passwd", "http://[",
    "http://127.0.0.1:1/x", "javascript:x",
]  # fmt: skip
ODD_VALUES = [*ODD_DATES, *ODD_PHONES, *ODD_TEXTS]
SPLICES = [b" ", b"\x80" * 9, *b'\0 \x80 \xff \r\n \n \r\n\r\n : % %ff & = --b { ] "'.split(b" ")]
"""What is put into a request that was in order."""
