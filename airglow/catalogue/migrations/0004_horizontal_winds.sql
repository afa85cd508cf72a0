-- Winds over the site: those of cycles of look directions, the smooth ones, and what they rest on. Sites by name.
-- How long the steps of a load took, and which code did it. Velocities in the direction that their name says.
-- Every statement may run twice.

CREATE TABLE IF NOT EXISTS fpi_site (
    site VARCHAR(16) NOT NULL COMMENT 'key of the site, as uao',
    name VARCHAR(255) NOT NULL,
    network VARCHAR(64) NULL,
    latitude_deg DOUBLE NOT NULL COMMENT 'geodetic',
    longitude_deg DOUBLE NOT NULL COMMENT 'east positive',
    altitude_m DOUBLE NOT NULL,
    PRIMARY KEY (site)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='A site, as the registry had it when a night was last loaded there';

CREATE TABLE IF NOT EXISTS fpi_cycle_wind (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL,
    cycle_number INT UNSIGNED NOT NULL COMMENT 'from 0, in the order of time',
    start_time DATETIME(6) NOT NULL COMMENT 'UTC, start of the first exposure',
    mid_time DATETIME(6) NOT NULL COMMENT 'UTC, for which the winds hold',
    stop_time DATETIME(6) NOT NULL COMMENT 'UTC, end of the last exposure',
    zonal_wind_mps DOUBLE NULL COMMENT 'eastward',
    zonal_wind_error_mps DOUBLE NULL,
    meridional_wind_mps DOUBLE NULL COMMENT 'northward',
    meridional_wind_error_mps DOUBLE NULL,
    vertical_wind_mps DOUBLE NULL COMMENT 'upward',
    vertical_wind_error_mps DOUBLE NULL,
    zonal_meridional_covariance_m2s2 DOUBLE NULL COMMENT 'of the errors',
    zonal_vertical_covariance_m2s2 DOUBLE NULL,
    meridional_vertical_covariance_m2s2 DOUBLE NULL,
    reduced_chi_square DOUBLE NULL COMMENT 'NULL without a sample to spare',
    samples INT UNSIGNED NOT NULL COMMENT 'that took part',
    directions INT UNSIGNED NOT NULL COMMENT 'different ones among these',
    flag TINYINT UNSIGNED NOT NULL COMMENT '0 good, 1 caution, 2 bad or no wind at all',
    causes INT UNSIGNED NOT NULL COMMENT 'sum of fpi_cause.mask: why these samples are flagged',
    reason TEXT NOT NULL COMMENT 'why components are missing, empty if none is',
    PRIMARY KEY (site, local_date, instrument, tag, cycle_number),
    KEY fpi_cycle_wind_by_site_time (site, mid_time),
    KEY fpi_cycle_wind_by_instrument_time (instrument, mid_time),
    CONSTRAINT fpi_cycle_wind_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE,
    CONSTRAINT fpi_cycle_wind_flag CHECK (flag <= 2)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='The wind over the site in a cycle of look directions';

CREATE TABLE IF NOT EXISTS fpi_smooth_wind (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL,
    mid_time DATETIME(6) NOT NULL COMMENT 'UTC, for which the winds hold, on a regular grid',
    zonal_wind_mps DOUBLE NULL COMMENT 'eastward',
    zonal_wind_error_mps DOUBLE NULL,
    meridional_wind_mps DOUBLE NULL COMMENT 'northward',
    meridional_wind_error_mps DOUBLE NULL,
    vertical_wind_mps DOUBLE NULL COMMENT 'upward',
    vertical_wind_error_mps DOUBLE NULL,
    zonal_meridional_covariance_m2s2 DOUBLE NULL COMMENT 'of the errors',
    zonal_vertical_covariance_m2s2 DOUBLE NULL,
    meridional_vertical_covariance_m2s2 DOUBLE NULL,
    PRIMARY KEY (site, local_date, instrument, tag, mid_time),
    KEY fpi_smooth_wind_by_site_time (site, mid_time),
    KEY fpi_smooth_wind_by_instrument_time (instrument, mid_time),
    CONSTRAINT fpi_smooth_wind_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='The wind over the site at regular times, from all samples of the night together';

CREATE TABLE IF NOT EXISTS fpi_wind_model (
    site VARCHAR(16) NOT NULL,
    local_date DATE NOT NULL,
    instrument VARCHAR(16) NOT NULL,
    tag VARCHAR(4) NOT NULL,
    cycle_winds INT UNSIGNED NOT NULL COMMENT 'rows in fpi_cycle_wind',
    cycle_assumption TEXT NOT NULL COMMENT 'on which the winds of cycles rest',
    smooth_winds INT UNSIGNED NOT NULL COMMENT 'rows in fpi_smooth_wind',
    smooth_assumption TEXT NOT NULL COMMENT 'on which the smooth winds rest',
    smooth_reason TEXT NOT NULL COMMENT 'why components of the smooth winds are missing, empty if none is',
    samples INT UNSIGNED NOT NULL COMMENT 'that took part in the smooth winds',
    left_out TEXT NOT NULL COMMENT 'frames that no wind explains which the others allow, with a comma between',
    horizontal_spread_mps DOUBLE NULL COMMENT 'of the horizontal wind about its mean over the night',
    horizontal_time_s DOUBLE NULL COMMENT 'in which the horizontal wind changes',
    horizontal_length_m DOUBLE NULL COMMENT 'over which the horizontal wind changes',
    vertical_spread_mps DOUBLE NULL,
    vertical_time_s DOUBLE NULL,
    vertical_length_m DOUBLE NULL,
    smoothness DOUBLE NULL COMMENT 'nu of the Matern covariance in time',
    excess_noise DOUBLE NULL COMMENT 'of the samples beyond their stated errors, as a part of these',
    PRIMARY KEY (site, local_date, instrument, tag),
    CONSTRAINT fpi_wind_model_of_night FOREIGN KEY (site, local_date, instrument, tag)
        REFERENCES fpi_night (site, local_date, instrument, tag) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci
  COMMENT='On what the winds over the site rest, for a whole night';

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_load' AND column_name = 'loaded_by'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_load
        ADD COLUMN rejected_frames INT UNSIGNED NULL COMMENT ''frames that took no part'' AFTER laser_frames,
        ADD COLUMN good_winds INT UNSIGNED NULL COMMENT ''sky samples whose wind flag is 0'' AFTER rejected_frames,
        ADD COLUMN analysis_s DOUBLE NULL COMMENT ''how long the analysis took, if it said so'',
        ADD COLUMN load_s DOUBLE NULL COMMENT ''from the beginning of the load to the writing of this row'',
        ADD COLUMN loaded_by VARCHAR(100) NULL COMMENT ''version of airglow that loaded''',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
