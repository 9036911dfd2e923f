CREATE TABLE sandbox_schema (
    version INTEGER NOT NULL,
    PRIMARY KEY (version)
);

CREATE TABLE workspace (
    id INTEGER NOT NULL,
    hidden VARCHAR,
    "key" VARCHAR,
    name VARCHAR,
    username VARCHAR,
    password VARCHAR,
    fixture VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    seed BIGINT NOT NULL,
    first_seed BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    created_wall BIGINT NOT NULL,
    expires_wall BIGINT,
    epoch INTEGER NOT NULL,
    first VARCHAR NOT NULL,
    start_at BIGINT,
    clock_frozen BOOLEAN NOT NULL,
    clock_at BIGINT NOT NULL,
    clock_wall BIGINT NOT NULL,
    clock_speed FLOAT NOT NULL,
    delivery_mode VARCHAR NOT NULL,
    sent_after BIGINT NOT NULL,
    settled_after BIGINT NOT NULL,
    outcome VARCHAR NOT NULL,
    numbers VARCHAR,
    callback_profile VARCHAR,
    next_due_at BIGINT,
    faults INTEGER NOT NULL,
    change_position BIGINT NOT NULL,
    journal_position BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE ("key"),
    UNIQUE (name),
    UNIQUE (username)
);

CREATE INDEX ix_workspace_clone ON workspace (hidden, fingerprint, first_seed, first_at);

CREATE INDEX ix_workspace_expires ON workspace (expires_wall) WHERE expires_wall IS NOT NULL;

CREATE TABLE account (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    access_key VARCHAR,
    secret_access_key VARCHAR,
    documented_doctype BOOLEAN NOT NULL,
    help_text VARCHAR NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE,
    UNIQUE (access_key)
);

CREATE TABLE broadcast (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, "key"),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE campaign (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, "key"),
    UNIQUE (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE change (
    workspace_id INTEGER NOT NULL,
    position BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    message_id INTEGER,
    callback_id INTEGER,
    step INTEGER,
    PRIMARY KEY (workspace_id, position),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE counter (
    workspace_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE fault (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    "match" VARCHAR NOT NULL,
    effect VARCHAR NOT NULL,
    probability FLOAT NOT NULL,
    seed BIGINT NOT NULL,
    skip INTEGER NOT NULL,
    times INTEGER,
    expires_at BIGINT,
    matched INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    window_at BIGINT,
    window_calls INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE journal (
    workspace_id INTEGER NOT NULL,
    position BIGINT NOT NULL,
    id VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    wall BIGINT NOT NULL,
    operation VARCHAR,
    outcome VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    levels VARCHAR,
    messages VARCHAR,
    call_to VARCHAR,
    call_from VARCHAR,
    call_text VARCHAR,
    call_console VARCHAR,
    call_account INTEGER,
    call_number VARCHAR,
    rules VARCHAR NOT NULL,
    findings VARCHAR,
    fault VARCHAR,
    ms INTEGER NOT NULL,
    method VARCHAR NOT NULL,
    path BLOB NOT NULL,
    "query" BLOB NOT NULL,
    request_headers VARCHAR NOT NULL,
    request_body BLOB NOT NULL,
    request_size INTEGER NOT NULL,
    response_headers VARCHAR NOT NULL,
    response_body BLOB NOT NULL,
    response_size INTEGER,
    PRIMARY KEY (workspace_id, position),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE,
    UNIQUE (id)
);

CREATE INDEX ix_journal_operation ON journal (workspace_id, operation, position);

CREATE TABLE person (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    "key" VARCHAR NOT NULL,
    first_name VARCHAR,
    last_name VARCHAR,
    phone VARCHAR NOT NULL,
    carrier VARCHAR,
    caregiver_name VARCHAR,
    caregiver_phone VARCHAR,
    recipient_type VARCHAR NOT NULL,
    misc1 VARCHAR,
    misc2 VARCHAR,
    misc3 VARCHAR,
    misc4 VARCHAR,
    misc5 VARCHAR,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, "key"),
    UNIQUE (workspace_id, phone),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE scheduled (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    command VARCHAR NOT NULL,
    arguments VARCHAR NOT NULL,
    message_id INTEGER,
    is_of_story BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE INDEX ix_scheduled_due ON scheduled (workspace_id, due_at, id);

CREATE TABLE sink (
    workspace_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    token VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    delay BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE,
    UNIQUE (token)
);

CREATE TABLE snapshot (
    workspace_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    clone_id INTEGER NOT NULL,
    taken_wall BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE story_run (
    workspace_id INTEGER NOT NULL,
    story VARCHAR NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    was_frozen BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id),
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE line (
    workspace_id INTEGER NOT NULL,
    number VARCHAR NOT NULL,
    account_id INTEGER,
    PRIMARY KEY (workspace_id, number),
    FOREIGN KEY(workspace_id, account_id) REFERENCES account (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE sink_request (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    sink VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    method VARCHAR NOT NULL,
    "query" VARCHAR NOT NULL,
    headers VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, sink) REFERENCES sink (workspace_id, name) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX ix_sink_request ON sink_request (workspace_id, sink, id);

CREATE TABLE consent (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    line VARCHAR NOT NULL,
    phone VARCHAR NOT NULL,
    opted_in BOOLEAN NOT NULL,
    cause VARCHAR NOT NULL,
    word VARCHAR,
    at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, line) REFERENCES line (workspace_id, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE INDEX ix_consent_phone ON consent (workspace_id, line, phone, at, id);

CREATE TABLE console (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    line VARCHAR NOT NULL,
    keyword VARCHAR NOT NULL,
    help_text VARCHAR NOT NULL,
    auto_reply VARCHAR,
    submit_overrides_stop BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, code),
    UNIQUE (workspace_id, line),
    FOREIGN KEY(workspace_id, line) REFERENCES line (workspace_id, number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY(workspace_id) REFERENCES workspace (id) ON DELETE CASCADE
);

CREATE TABLE message (
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    direction VARCHAR NOT NULL,
    vendor VARCHAR NOT NULL,
    console_id INTEGER,
    account_id INTEGER,
    line VARCHAR NOT NULL,
    phone VARCHAR NOT NULL,
    sender VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    folded VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    sent_by VARCHAR,
    cause VARCHAR NOT NULL,
    person_id INTEGER,
    broadcast_id INTEGER,
    campaign_id INTEGER,
    lead_id INTEGER,
    caused_by_id INTEGER,
    status_callback VARCHAR,
    accepted_at BIGINT NOT NULL,
    record_at BIGINT,
    sent_at BIGINT,
    settled_at BIGINT,
    outcome VARCHAR,
    plan_cause VARCHAR NOT NULL,
    reason VARCHAR,
    vendor_status VARCHAR,
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
    workspace_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    status VARCHAR NOT NULL,
    reason VARCHAR,
    status_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    state VARCHAR NOT NULL,
    next_at BIGINT,
    tries INTEGER NOT NULL,
    copies INTEGER NOT NULL,
    why VARCHAR,
    claimed_by VARCHAR,
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
    workspace_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    status VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    cause VARCHAR NOT NULL,
    reason VARCHAR,
    forced BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, message_id, position),
    FOREIGN KEY(workspace_id, message_id) REFERENCES message (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX ix_step_at ON step (workspace_id, at);

CREATE TABLE vendor_id (
    workspace_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    vendor VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (workspace_id, message_id, vendor),
    FOREIGN KEY(workspace_id, message_id) REFERENCES message (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (workspace_id, vendor, value)
);

CREATE TABLE attempt (
    workspace_id INTEGER NOT NULL,
    callback_id INTEGER NOT NULL,
    n INTEGER NOT NULL,
    at BIGINT NOT NULL,
    status INTEGER,
    error VARCHAR,
    ms INTEGER NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (workspace_id, callback_id, n),
    FOREIGN KEY(workspace_id, callback_id) REFERENCES callback (workspace_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
