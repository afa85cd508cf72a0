-- Nights, their samples and products. The first columns of every key are the site and the local date on which
-- the night began, so that all rows of "this site, these dates" lie side by side. Times are UTC, velocities
-- positive away from the instrument, intensities counts per second of exposure; what does not exist is NULL.
--
-- Runs on MariaDB 10.6 or newer and on MySQL 8. Every statement may run twice.

CREATE TABLE IF NOT EXISTS fpi_night (
    site VARCHAR(16) NOT NULL COMMENT 'key of the site, as uao',
    local_date DATE NOT NULL COMMENT 'local date on which the night began',
    instrument VARCHAR(16) NOT NULL COMMENT 'as minime05',
    tag VARCHAR(4) NOT NULL COMMENT 'X or XR: red line 630.0 nm; XG: green line 557.7 nm',
    state VARCHAR(64) NOT NULL COMMENT 'analysed, or why not',
    reason TEXT NOT NULL COMMENT 'a sentence, if the night was not analysed',
    sky_frames INT UNSIGNED NOT NULL COMMENT 'rows in fpi_sky_sample',
    laser_frames INT UNSIGNED NOT NULL COMMENT 'rows in fpi_laser_sample',
    rejected_frames INT UNSIGNED NOT NULL COMMENT 'frames that took no part',
    good_winds INT UNSIGNED NOT NULL COMMENT 'sky samples whose wind flag is 0',
    good_temperatures INT UNSIGNED NOT NULL COMMENT 'sky samples whose temperature flag is 0',
    first_start DATETIME(6) NULL COMMENT 'UTC, start of the first sky exposure',
    last_stop DATETIME(6) NULL COMMENT 'UTC, end of the last sky exposure',
    wavelength_m DOUBLE NULL COMMENT 'of the sky line',
    median_wind_error_mps DOUBLE NULL,
    median_temperature_k DOUBLE NULL,
    median_temperature_error_k DOUBLE NULL,
    zero_method VARCHAR(100) NULL COMMENT 'where the zero of the wind comes from',
    zero_mps DOUBLE NULL COMMENT 'mean over the night of what was subtracted',
    zero_error_mps DOUBLE NULL COMMENT 'includes the natural spread of the vertical wind',
    vertical_wind_spread_mps DOUBLE NULL,
    zenith_samples INT UNSIGNED NULL,
    shape_source VARCHAR(100) NULL COMMENT 'where the shape of the instrument comes from',
    magnification_rad_per_pixel DOUBLE NULL,
    magnification_error_rad_per_pixel DOUBLE NULL,
    reflectivity DOUBLE NULL,
    reflectivity_error DOUBLE NULL,
    code_version VARCHAR(100) NULL COMMENT 'of airglow',
    settings_hash CHAR(64) NULL COMMENT 'SHA-256 of the settings of the analysis',
    registry_epoch VARCHAR(16) NULL COMMENT 'always, or the date from which the entry of the instrument holds',
    input_hash CHAR(64) NULL COMMENT 'SHA-256 over frames and weather files',
    weather_files TEXT NULL COMMENT 'names, with a comma between',
    manifest_sha256 CHAR(64) NULL COMMENT 'of the manifest of the archived frames',
    updated_at DATETIME(6) NOT NULL COMMENT 'UTC, when these rows were written',
    PRIMARY KEY (site, local_date, instrument, tag),
    KEY fpi_night_by_instrument (instrument, local_date),
    KEY fpi_night_by_state (state, local_date),
    KEY fpi_night_by_update (updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A night of an instrument and a tag';

CREATE TABLE IF NOT EXISTS fpi_sky_sample (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL,
    sample_number INT UNSIGNED NOT NULL COMMENT 'from 0, in the order of time',
    frame VARCHAR(255) COLLATE utf8mb4_bin NOT NULL COMMENT 'file of the frame',
    start_time DATETIME(6) NOT NULL COMMENT 'UTC, start of the exposure',
    mid_time DATETIME(6) NOT NULL COMMENT 'UTC, middle of the exposure',
    exposure_s DOUBLE NOT NULL,
    direction VARCHAR(64) NOT NULL COMMENT 'name of the look direction, or Unknown',
    azimuth_deg DOUBLE NULL COMMENT '0 to 360, east of north',
    zenith_deg DOUBLE NULL COMMENT '0 to 90',
    line_of_sight_wind_mps DOUBLE NULL COMMENT 'zero removed',
    wind_error_mps DOUBLE NULL COMMENT 'fit, calibration and zero in quadrature',
    wind_fit_error_mps DOUBLE NULL,
    wind_calibration_error_mps DOUBLE NULL,
    wind_zero_error_mps DOUBLE NULL,
    temperature_k DOUBLE NULL,
    temperature_error_k DOUBLE NULL,
    intensity DOUBLE NULL COMMENT 'of the line, counts per pixel per second',
    intensity_error DOUBLE NULL,
    background DOUBLE NULL COMMENT 'spectral continuum, counts per pixel per second',
    background_error DOUBLE NULL,
    ccd_bias DOUBLE NULL COMMENT 'counts per pixel',
    ccd_bias_error DOUBLE NULL,
    reduced_chi_square DOUBLE NULL,
    zero_mps DOUBLE NULL COMMENT 'what was subtracted',
    gap_m DOUBLE NULL COMMENT 'of the etalon at mid-exposure',
    center_x_px DOUBLE NULL,
    center_y_px DOUBLE NULL,
    ccd_temperature_c DOUBLE NULL,
    sky_minus_ambient_mean_c DOUBLE NULL COMMENT 'cloud sensor',
    sky_minus_ambient_max_c DOUBLE NULL,
    sky_minus_ambient_min_c DOUBLE NULL,
    sun_elevation_deg DOUBLE NULL,
    moon_elevation_deg DOUBLE NULL,
    moon_separation_deg DOUBLE NULL COMMENT 'from the look direction',
    moon_illumination DOUBLE NULL COMMENT '0 new to 1 full',
    wind_flag TINYINT UNSIGNED NOT NULL COMMENT '0 good, 1 caution, 2 bad',
    temperature_flag TINYINT UNSIGNED NOT NULL COMMENT '0 good, 1 caution, 2 bad',
    causes INT UNSIGNED NOT NULL COMMENT 'sum of fpi_cause.mask: why it is flagged',
    PRIMARY KEY (site, local_date, instrument, tag, sample_number),
    KEY fpi_sky_sample_by_site_time (site, mid_time),
    KEY fpi_sky_sample_by_instrument_time (instrument, mid_time),
    CONSTRAINT fpi_sky_sample_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE,
    CONSTRAINT fpi_sky_sample_wind_flag CHECK (wind_flag <= 2),
    CONSTRAINT fpi_sky_sample_temperature_flag CHECK (temperature_flag <= 2)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A sky exposure: wind, temperature and what they rest on';

CREATE TABLE IF NOT EXISTS fpi_laser_sample (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL COMMENT 'of the analysis that it served',
    sample_number INT UNSIGNED NOT NULL COMMENT 'from 0, in the order of time',
    frame VARCHAR(255) COLLATE utf8mb4_bin NOT NULL COMMENT 'file of the frame',
    start_time DATETIME(6) NOT NULL COMMENT 'UTC, start of the exposure',
    mid_time DATETIME(6) NOT NULL COMMENT 'UTC, middle of the exposure',
    exposure_s DOUBLE NOT NULL,
    gap_m DOUBLE NULL COMMENT 'of the etalon',
    gap_error_m DOUBLE NULL,
    intensity DOUBLE NULL COMMENT 'counts per pixel per second',
    background DOUBLE NULL COMMENT 'counts per pixel',
    reduced_chi_square DOUBLE NULL,
    center_x_px DOUBLE NULL,
    center_y_px DOUBLE NULL,
    ccd_temperature_c DOUBLE NULL,
    used BOOLEAN NOT NULL COMMENT 'took part in the gap over the night',
    PRIMARY KEY (site, local_date, instrument, tag, sample_number),
    KEY fpi_laser_sample_by_instrument_time (instrument, mid_time),
    CONSTRAINT fpi_laser_sample_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A laser exposure: the state of the etalon';

CREATE TABLE IF NOT EXISTS fpi_rejection (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL,
    rejection_number INT UNSIGNED NOT NULL,
    frame VARCHAR(255) COLLATE utf8mb4_bin NOT NULL COMMENT 'file of the frame',
    reason TEXT NOT NULL,
    PRIMARY KEY (site, local_date, instrument, tag, rejection_number),
    CONSTRAINT fpi_rejection_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A frame that took no part, and why';

CREATE TABLE IF NOT EXISTS fpi_product (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL,
    name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL COMMENT 'file of the product',
    object_key VARCHAR(1024) COLLATE utf8mb4_bin NULL COMMENT 'where it is in the bucket',
    size_bytes BIGINT UNSIGNED NULL,
    sha256 CHAR(64) NULL,
    PRIMARY KEY (site, local_date, instrument, tag, name),
    CONSTRAINT fpi_product_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A file that people open';

CREATE TABLE IF NOT EXISTS fpi_load (
    load_id CHAR(32) NOT NULL COMMENT 'one for all tags that were loaded together',
    tag VARCHAR(4) NOT NULL,
    loaded_at DATETIME(6) NOT NULL COMMENT 'UTC',
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    state VARCHAR(64) NOT NULL,
    reason TEXT NOT NULL,
    sky_frames INT UNSIGNED NOT NULL,
    laser_frames INT UNSIGNED NOT NULL,
    median_wind_error_mps DOUBLE NULL,
    median_temperature_error_k DOUBLE NULL,
    code_version VARCHAR(100) NULL,
    settings_hash CHAR(64) NULL,
    input_hash CHAR(64) NULL,
    manifest_sha256 CHAR(64) NULL,
    PRIMARY KEY (load_id, tag),
    KEY fpi_load_by_night (site, local_date, instrument),
    KEY fpi_load_by_time (loaded_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='History: every load of a night, also those whose rows have been replaced since';

CREATE TABLE IF NOT EXISTS fpi_cause (
    bit TINYINT UNSIGNED NOT NULL,
    mask INT UNSIGNED NOT NULL,
    name VARCHAR(64) NOT NULL,
    wind_flag TINYINT UNSIGNED NOT NULL COMMENT 'flag of the wind that it raises',
    temperature_flag TINYINT UNSIGNED NOT NULL COMMENT 'flag of the temperature that it raises',
    meaning VARCHAR(255) NOT NULL,
    PRIMARY KEY (bit)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='What the bits of fpi_sky_sample.causes mean';
