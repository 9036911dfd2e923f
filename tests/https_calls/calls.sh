# A call of each vendor by curl, which reads SSL_CERT_FILE; prints the statuses.
set -eu
call() { curl -sS -o /dev/null -w '%{http_code}\n' "$@"; }
basic="$SANDBOX_BASIC_USERNAME:$SANDBOX_BASIC_PASSWORD"
call -u "$basic" "$SANDBOX_WRITEBACK_URL/api/responses/$SANDBOX_CONSOLE/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
call -u "$basic" -d To=14155550123 -d "From=$SANDBOX_LINE" -d Body=Hello "$SANDBOX_SIMPLEPAY_URL/submit/$SANDBOX_CONSOLE"
call "$SANDBOX_DIALOGTECH_URL?action=sms.get_messages&access_key=$SANDBOX_ACCESS_KEY&secret_access_key=$SANDBOX_SECRET_ACCESS_KEY&start_date=20260506&end_date=20260506"
