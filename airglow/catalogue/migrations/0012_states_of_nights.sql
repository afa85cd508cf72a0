-- Where every night stands, also one that was never loaded: a copy of what the bucket has on record. It may run twice.

CREATE TABLE IF NOT EXISTS fpi_night_state (
    site VARCHAR(10) NOT NULL COMMENT 'key of the site',
    local_date DATE NOT NULL COMMENT 'local date on which the night began',
    instrument VARCHAR(20) NOT NULL COMMENT 'key of the instrument',
    state VARCHAR(20) NOT NULL COMMENT 'waiting, queued, ready, running, continuing, done, degraded, failed, held, refused, collection error',
    reason TEXT NOT NULL COMMENT 'why, for people',
    error_class VARCHAR(20) NOT NULL COMMENT 'data, machine, configuration, code; empty if it is nobody''s fault',
    since DATETIME NULL COMMENT 'UTC, when it came into this state for this reason',
    last_tried DATETIME NULL COMMENT 'UTC, end of the last attempt',
    attempts INT UNSIGNED NOT NULL COMMENT 'how many there were since it was taken up',
    next_try DATETIME NULL COMMENT 'UTC, before that no run tries it again of its own',
    code_version VARCHAR(100) NOT NULL COMMENT 'of the last attempt',
    settings_hash VARCHAR(64) NOT NULL COMMENT 'of the last attempt',
    updated_at DATETIME(6) NOT NULL COMMENT 'UTC, when this row was written',
    PRIMARY KEY (site, local_date, instrument),
    KEY fpi_night_state_by_state (state, since)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='Where every night stands, as the last run left it';
