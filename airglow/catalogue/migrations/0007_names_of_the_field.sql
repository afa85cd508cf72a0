-- Names that the field uses: pierce point, Doppler reference, plate scale, instrument parameters. Each column keeps
-- its old name for one version more, as a column that is computed when it is read. A column is renamed if the new name
-- is not there yet, and the old name is added if it is not there: every statement may run twice, whatever came in
-- between.

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_sky_sample' AND column_name = 'pierce_latitude_deg'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_sky_sample
        RENAME COLUMN tangent_latitude_deg TO pierce_latitude_deg,
        RENAME COLUMN tangent_longitude_deg TO pierce_longitude_deg,
        RENAME COLUMN tangent_height_m TO pierce_height_m,
        RENAME COLUMN tangent_azimuth_deg TO pierce_azimuth_deg,
        RENAME COLUMN tangent_zenith_deg TO pierce_zenith_deg,
        RENAME COLUMN wind_zero_error_mps TO wind_reference_error_mps,
        RENAME COLUMN zero_mps TO doppler_reference_mps',
    'DO 0'
);
PREPARE rename_columns FROM @statement;
EXECUTE rename_columns;
DEALLOCATE PREPARE rename_columns;

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_sky_sample' AND column_name = 'tangent_latitude_deg'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_sky_sample
        ADD COLUMN tangent_latitude_deg DOUBLE GENERATED ALWAYS AS (pierce_latitude_deg) VIRTUAL
            COMMENT ''deprecated: use pierce_latitude_deg'',
        ADD COLUMN tangent_longitude_deg DOUBLE GENERATED ALWAYS AS (pierce_longitude_deg) VIRTUAL
            COMMENT ''deprecated: use pierce_longitude_deg'',
        ADD COLUMN tangent_height_m DOUBLE GENERATED ALWAYS AS (pierce_height_m) VIRTUAL
            COMMENT ''deprecated: use pierce_height_m'',
        ADD COLUMN tangent_azimuth_deg DOUBLE GENERATED ALWAYS AS (pierce_azimuth_deg) VIRTUAL
            COMMENT ''deprecated: use pierce_azimuth_deg'',
        ADD COLUMN tangent_zenith_deg DOUBLE GENERATED ALWAYS AS (pierce_zenith_deg) VIRTUAL
            COMMENT ''deprecated: use pierce_zenith_deg'',
        ADD COLUMN wind_zero_error_mps DOUBLE GENERATED ALWAYS AS (wind_reference_error_mps) VIRTUAL
            COMMENT ''deprecated: use wind_reference_error_mps'',
        ADD COLUMN zero_mps DOUBLE GENERATED ALWAYS AS (doppler_reference_mps) VIRTUAL
            COMMENT ''deprecated: use doppler_reference_mps''',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_night' AND column_name = 'doppler_reference_mps'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_night
        RENAME COLUMN zero_method TO doppler_reference_method,
        RENAME COLUMN zero_mps TO doppler_reference_mps,
        RENAME COLUMN zero_error_mps TO doppler_reference_error_mps,
        RENAME COLUMN shape_source TO instrument_parameters_source,
        RENAME COLUMN magnification_rad_per_pixel TO plate_scale_rad_per_pixel,
        RENAME COLUMN magnification_error_rad_per_pixel TO plate_scale_error_rad_per_pixel',
    'DO 0'
);
PREPARE rename_columns FROM @statement;
EXECUTE rename_columns;
DEALLOCATE PREPARE rename_columns;

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_night' AND column_name = 'zero_mps'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_night
        ADD COLUMN zero_method VARCHAR(100) GENERATED ALWAYS AS (doppler_reference_method) VIRTUAL
            COMMENT ''deprecated: use doppler_reference_method'',
        ADD COLUMN zero_mps DOUBLE GENERATED ALWAYS AS (doppler_reference_mps) VIRTUAL
            COMMENT ''deprecated: use doppler_reference_mps'',
        ADD COLUMN zero_error_mps DOUBLE GENERATED ALWAYS AS (doppler_reference_error_mps) VIRTUAL
            COMMENT ''deprecated: use doppler_reference_error_mps'',
        ADD COLUMN shape_source VARCHAR(100) GENERATED ALWAYS AS (instrument_parameters_source) VIRTUAL
            COMMENT ''deprecated: use instrument_parameters_source'',
        ADD COLUMN magnification_rad_per_pixel DOUBLE GENERATED ALWAYS AS (plate_scale_rad_per_pixel) VIRTUAL
            COMMENT ''deprecated: use plate_scale_rad_per_pixel'',
        ADD COLUMN magnification_error_rad_per_pixel DOUBLE
            GENERATED ALWAYS AS (plate_scale_error_rad_per_pixel) VIRTUAL
            COMMENT ''deprecated: use plate_scale_error_rad_per_pixel''',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_last_night AS
SELECT
    night.site, place.name AS site_name, night.instrument, night.tag, night.local_date, night.state, night.reason,
    night.sky_frames, night.laser_frames, night.rejected_frames, night.good_winds, night.good_temperatures,
    night.first_start, night.last_stop, night.median_wind_error_mps, night.median_temperature_k,
    night.median_temperature_error_k, night.doppler_reference_method, night.code_version, night.updated_at,
    night.doppler_reference_method AS zero_method
FROM (
    SELECT site, instrument, tag, MAX(local_date) AS local_date FROM fpi_night GROUP BY site, instrument, tag
) AS latest
JOIN fpi_night AS night
    ON night.site = latest.site AND night.local_date = latest.local_date
    AND night.instrument = latest.instrument AND night.tag = latest.tag
LEFT JOIN fpi_site AS place ON place.site = night.site;
