-- Views for the questions that people ask. They show what their definer may read (the account that migrated), so an
-- account with SELECT on the views alone is enough to read them. README.md in the directory above says how to give
-- such an account its rights, and what to do when the definer is gone.
--
-- A condition on the columns of a key is asked of the table below: MariaDB 10.6 and MySQL 8.0.22 or newer do this
-- for all of them, also for those that group or spell out causes. Every statement may run twice.

-- A month as a number, 202605, so that "of a month" is read off a key.
SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_night' AND column_name = 'month'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_night
        ADD COLUMN month INT GENERATED ALWAYS AS (YEAR(local_date) * 100 + MONTH(local_date)) STORED
            COMMENT ''of local_date, as 202605'' AFTER local_date,
        ADD KEY fpi_night_by_month (month, site, instrument, tag, state),
        ADD KEY fpi_night_by_tag (site, instrument, tag, local_date)',
    'DO 0'
);
PREPARE add_month FROM @statement;
EXECUTE add_month;
DEALLOCATE PREPARE add_month;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_last_night AS
SELECT
    night.site, place.name AS site_name, night.instrument, night.tag, night.local_date, night.state, night.reason,
    night.sky_frames, night.laser_frames, night.rejected_frames, night.good_winds, night.good_temperatures,
    night.first_start, night.last_stop, night.median_wind_error_mps, night.median_temperature_k,
    night.median_temperature_error_k, night.zero_method, night.code_version, night.updated_at
FROM (
    SELECT site, instrument, tag, MAX(local_date) AS local_date FROM fpi_night GROUP BY site, instrument, tag
) AS latest
JOIN fpi_night AS night
    ON night.site = latest.site AND night.local_date = latest.local_date
    AND night.instrument = latest.instrument AND night.tag = latest.tag
LEFT JOIN fpi_site AS place ON place.site = night.site;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_nights_by_state AS
SELECT
    month, site, instrument, tag, state,
    COUNT(*) AS nights, MIN(local_date) AS first_date, MAX(local_date) AS last_date
FROM fpi_night
GROUP BY month, site, instrument, tag, state;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_best_sample AS
SELECT
    night.month, sample.site, sample.local_date, sample.instrument, sample.tag, sample.sample_number, sample.frame,
    sample.mid_time, sample.exposure_s, sample.direction, sample.azimuth_deg, sample.zenith_deg,
    sample.line_of_sight_wind_mps, sample.wind_error_mps, sample.temperature_k, sample.temperature_error_k,
    sample.intensity, sample.intensity_error
FROM fpi_night AS night
JOIN fpi_sky_sample AS sample
    ON sample.site = night.site AND sample.local_date = night.local_date
    AND sample.instrument = night.instrument AND sample.tag = night.tag
WHERE sample.wind_flag = 0 AND sample.temperature_flag = 0
    AND sample.line_of_sight_wind_mps IS NOT NULL AND sample.wind_error_mps IS NOT NULL
ORDER BY sample.wind_error_mps;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_sample AS
SELECT
    sample.site, sample.local_date, sample.instrument, sample.tag, sample.sample_number, sample.frame,
    sample.start_time, sample.mid_time, sample.exposure_s, sample.direction, sample.azimuth_deg, sample.zenith_deg,
    sample.line_of_sight_wind_mps, sample.wind_error_mps, sample.temperature_k, sample.temperature_error_k,
    sample.intensity, sample.intensity_error,
    ELT(sample.wind_flag + 1, 'good', 'caution', 'bad') COLLATE utf8mb4_unicode_ci AS wind_quality,
    ELT(sample.temperature_flag + 1, 'good', 'caution', 'bad') COLLATE utf8mb4_unicode_ci AS temperature_quality,
    (
        SELECT GROUP_CONCAT(cause.name ORDER BY cause.bit SEPARATOR ', ') FROM fpi_cause AS cause
        WHERE sample.causes & cause.mask <> 0
    ) AS cause_names
FROM fpi_sky_sample AS sample;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_sample_cause AS
SELECT
    sample.site, sample.local_date, sample.instrument, sample.tag, sample.sample_number, sample.mid_time,
    sample.direction, cause.name AS cause, cause.meaning,
    cause.wind_flag AS raises_wind_flag, cause.temperature_flag AS raises_temperature_flag
FROM fpi_sky_sample AS sample
JOIN fpi_cause AS cause ON sample.causes & cause.mask <> 0;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_horizontal_wind AS
SELECT
    wind.site, place.name AS site_name, place.latitude_deg AS site_latitude_deg,
    place.longitude_deg AS site_longitude_deg, wind.local_date, wind.instrument, wind.tag, wind.cycle_number,
    wind.start_time, wind.mid_time, wind.stop_time,
    wind.zonal_wind_mps, wind.zonal_wind_error_mps, wind.meridional_wind_mps, wind.meridional_wind_error_mps,
    wind.vertical_wind_mps, wind.vertical_wind_error_mps, wind.samples, wind.directions,
    ELT(wind.flag + 1, 'good', 'caution', 'bad') COLLATE utf8mb4_unicode_ci AS quality,
    (
        SELECT GROUP_CONCAT(cause.name ORDER BY cause.bit SEPARATOR ', ') FROM fpi_cause AS cause
        WHERE wind.causes & cause.mask <> 0
    ) AS cause_names,
    wind.reason
FROM fpi_cycle_wind AS wind
LEFT JOIN fpi_site AS place ON place.site = wind.site;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_night_product AS
SELECT
    product.site, product.local_date, product.instrument, product.tag,
    SUBSTRING(
        product.name,
        CHAR_LENGTH(product.instrument) + CHAR_LENGTH(product.site) + 11
        + IF(product.tag = 'X', 0, CHAR_LENGTH(product.tag) + 1)
    ) AS suffix,
    product.name, product.object_key, product.size_bytes, product.sha256,
    night.code_version, night.input_hash, night.updated_at
FROM fpi_product AS product
JOIN fpi_night AS night
    ON night.site = product.site AND night.local_date = product.local_date
    AND night.instrument = product.instrument AND night.tag = product.tag;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_trouble AS
SELECT
    site, local_date, instrument, tag, state,
    IF(
        state = 'analysed',
        CONCAT('none of ', sky_frames, ' winds is good; ', rejected_frames, ' frames took no part'),
        reason
    ) AS reason,
    updated_at
FROM fpi_night
WHERE state <> 'analysed' OR good_winds = 0
ORDER BY updated_at DESC;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_history AS
SELECT
    made.site, made.local_date, made.instrument, made.tag, made.loaded_at, made.load_id, made.state, made.reason,
    night.updated_at IS NOT NULL AS is_current,
    made.sky_frames, made.laser_frames, made.rejected_frames, made.good_winds, made.median_wind_error_mps,
    made.median_temperature_error_k, made.code_version, made.loaded_by, made.analysis_s, made.load_s,
    made.settings_hash, made.input_hash, made.manifest_sha256
FROM fpi_load AS made
LEFT JOIN fpi_night AS night
    ON night.site = made.site AND night.local_date = made.local_date AND night.instrument = made.instrument
    AND night.tag = made.tag AND night.updated_at = made.loaded_at;
