CREATE TABLE sandbox_schema (
    version BIGSERIAL NOT NULL,
    PRIMARY KEY (version)
);

CREATE TABLE workspace (
    id BIGSERIAL NOT NULL,
    hidden TEXT COLLATE "C",
    key TEXT COLLATE "C",
    name TEXT COLLATE "C",
    username TEXT COLLATE "C",
    password TEXT COLLATE "C",
    fixture TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    seed BIGINT NOT NULL,
    first_seed BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    created_wall BIGINT NOT NULL,
    expires_wall BIGINT,
    epoch BIGINT NOT NULL,
    first TEXT COLLATE "C" NOT NULL,
    start_at BIGINT,
    clock_frozen BOOLEAN NOT NULL,
    clock_at BIGINT NOT NULL,
    clock_wall BIGINT NOT NULL,
    clock_speed FLOAT NOT NULL,
    delivery_mode TEXT COLLATE "C" NOT NULL,
    sent_after BIGINT NOT NULL,
    settled_after BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    numbers TEXT COLLATE "C",
    callback_profile TEXT COLLATE "C",
    next_due_at BIGINT,
    faults BIGINT NOT NULL,
    change_position BIGINT NOT NULL,
    journal_position BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (key),
    UNIQUE (name),
    UNIQUE (username)
);

CREATE INDEX ix_workspace_clone ON workspace (hidden, fingerprint, first_seed, first_at);

CREATE INDEX ix_workspace_expires ON workspace (expires_wall) WHERE expires_wall IS NOT NULL;

CREATE TABLE account (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    access_key TEXT COLLATE "C",
    secret_access_key TEXT COLLATE "C",
    documented_doctype BOOLEAN NOT NULL,
    help_text TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE,
    UNIQUE (access_key)
);

CREATE TABLE broadcast (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, key),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE campaign (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, key),
    UNIQUE (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE change (
    workspace_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    message_id BIGINT,
    callback_id BIGINT,
    step BIGINT,
    PRIMARY KEY (workspace_id, position),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE counter (
    workspace_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE fault (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    match TEXT COLLATE "C" NOT NULL,
    effect TEXT COLLATE "C" NOT NULL,
    probability FLOAT NOT NULL,
    seed BIGINT NOT NULL,
    skip BIGINT NOT NULL,
    times BIGINT,
    expires_at BIGINT,
    matched BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    window_at BIGINT,
    window_calls BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE journal (
    workspace_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    wall BIGINT NOT NULL,
    operation TEXT COLLATE "C",
    outcome TEXT COLLATE "C" NOT NULL,
    status BIGINT NOT NULL,
    levels TEXT COLLATE "C",
    messages TEXT COLLATE "C",
    call_to TEXT COLLATE "C",
    call_from TEXT COLLATE "C",
    call_text TEXT COLLATE "C",
    call_console TEXT COLLATE "C",
    call_account BIGINT,
    call_number TEXT COLLATE "C",
    rules TEXT COLLATE "C" NOT NULL,
    findings TEXT COLLATE "C",
    fault TEXT COLLATE "C",
    ms BIGINT NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    path BYTEA NOT NULL,
    query BYTEA NOT NULL,
    request_headers TEXT COLLATE "C" NOT NULL,
    request_body BYTEA NOT NULL,
    request_size BIGINT NOT NULL,
    response_headers TEXT COLLATE "C" NOT NULL,
    response_body BYTEA NOT NULL,
    response_size BIGINT,
    PRIMARY KEY (workspace_id, position),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE,
    UNIQUE (id)
);

CREATE INDEX ix_journal_operation ON journal (workspace_id, operation, position);

CREATE TABLE person (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    first_name TEXT COLLATE "C",
    last_name TEXT COLLATE "C",
    phone TEXT COLLATE "C" NOT NULL,
    carrier TEXT COLLATE "C",
    caregiver_name TEXT COLLATE "C",
    caregiver_phone TEXT COLLATE "C",
    recipient_type TEXT COLLATE "C" NOT NULL,
    misc1 TEXT COLLATE "C",
    misc2 TEXT COLLATE "C",
    misc3 TEXT COLLATE "C",
    misc4 TEXT COLLATE "C",
    misc5 TEXT COLLATE "C",
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, key),
    UNIQUE (workspace_id, phone),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE scheduled (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    command TEXT COLLATE "C" NOT NULL,
    arguments TEXT COLLATE "C" NOT NULL,
    message_id BIGINT,
    is_of_story BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE INDEX ix_scheduled_due ON scheduled (workspace_id, due_at, id);

CREATE TABLE sink (
    workspace_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    token TEXT COLLATE "C" NOT NULL,
    status BIGINT NOT NULL,
    delay BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE,
    UNIQUE (token)
);

CREATE TABLE snapshot (
    workspace_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    clone_id BIGINT NOT NULL,
    taken_wall BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE story_run (
    workspace_id BIGINT NOT NULL,
    story TEXT COLLATE "C" NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    was_frozen BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE line (
    workspace_id BIGINT NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    account_id BIGINT,
    PRIMARY KEY (workspace_id, number),
    FOREIGN KEY(workspace_id, account_id) REFERENCES account (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE sink_request (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    sink TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    query TEXT COLLATE "C" NOT NULL,
    headers TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, sink) REFERENCES sink (workspace_id, name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX ix_sink_request ON sink_request (workspace_id, sink, id);

CREATE TABLE consent (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    line TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    opted_in BOOLEAN NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C",
    at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, line) REFERENCES line (workspace_id, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE INDEX ix_consent_phone ON consent (workspace_id, line, phone, at, id);

CREATE TABLE console (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    line TEXT COLLATE "C" NOT NULL,
    keyword TEXT COLLATE "C" NOT NULL,
    help_text TEXT COLLATE "C" NOT NULL,
    auto_reply TEXT COLLATE "C",
    submit_overrides_stop BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, code),
    UNIQUE (workspace_id, line),
    FOREIGN KEY(workspace_id, line) REFERENCES line (workspace_id, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE message (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    direction TEXT COLLATE "C" NOT NULL,
    vendor TEXT COLLATE "C" NOT NULL,
    console_id BIGINT,
    account_id BIGINT,
    line TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    folded TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    sent_by TEXT COLLATE "C",
    cause TEXT COLLATE "C" NOT NULL,
    person_id BIGINT,
    broadcast_id BIGINT,
    campaign_id BIGINT,
    lead_id BIGINT,
    caused_by_id BIGINT,
    status_callback TEXT COLLATE "C",
    accepted_at BIGINT NOT NULL,
    record_at BIGINT,
    sent_at BIGINT,
    settled_at BIGINT,
    outcome TEXT COLLATE "C",
    plan_cause TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    vendor_status TEXT COLLATE "C",
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, line) REFERENCES line (workspace_id, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id, person_id) REFERENCES person (workspace_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id, broadcast_id) REFERENCES broadcast (workspace_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id, campaign_id) REFERENCES campaign (workspace_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT direction_known CHECK (direction IN ('outbound', 'inbound')),
    CONSTRAINT one_owner CHECK ((console_id IS NULL) <> (account_id IS NULL)),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE INDEX ix_message_account ON message (workspace_id, account_id, direction, accepted_at, id) WHERE account_id IS NOT NULL;

CREATE INDEX ix_message_ahead ON message (workspace_id, settled_at) WHERE settled_at > accepted_at;

CREATE INDEX ix_message_conversation ON message (workspace_id, line, phone, accepted_at, id);

CREATE INDEX ix_message_record ON message (workspace_id, console_id, record_at, id) WHERE record_at IS NOT NULL;

CREATE INDEX ix_message_sent_ahead ON message (workspace_id, sent_at) WHERE settled_at > accepted_at;

CREATE TABLE callback (
    workspace_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    status_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    next_at BIGINT,
    tries BIGINT NOT NULL,
    copies BIGINT NOT NULL,
    why TEXT COLLATE "C",
    claimed_by TEXT COLLATE "C",
    leased_until BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, message_id) REFERENCES message (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (workspace_id, message_id, position),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE INDEX ix_callback_due ON callback (workspace_id, next_at, id) WHERE state = 'pending';

CREATE INDEX ix_callback_first ON callback (workspace_id, due_at);

CREATE INDEX ix_callback_lease ON callback (leased_until) WHERE leased_until IS NOT NULL;

CREATE INDEX ix_callback_overdue ON callback (workspace_id, leased_until) WHERE leased_until IS NOT NULL;

CREATE TABLE step (
    workspace_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    forced BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, message_id, position),
    FOREIGN KEY(workspace_id, message_id) REFERENCES message (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX ix_step_at ON step (workspace_id, at);

CREATE TABLE vendor_id (
    workspace_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    vendor TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, message_id, vendor),
    FOREIGN KEY(workspace_id, message_id) REFERENCES message (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (workspace_id, vendor, value)
);

CREATE TABLE attempt (
    workspace_id BIGINT NOT NULL,
    callback_id BIGINT NOT NULL,
    n BIGINT NOT NULL,
    at BIGINT NOT NULL,
    status BIGINT,
    error TEXT COLLATE "C",
    ms BIGINT NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (workspace_id, callback_id, n),
    FOREIGN KEY(workspace_id, callback_id) REFERENCES callback (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
