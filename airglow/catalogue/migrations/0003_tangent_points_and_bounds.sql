-- Where lines of sight meet the airglow layer, and their angles there; the least errors that the camera's noise
-- allows. MySQL cannot add a column if it is not there yet, so that is asked for: the statement may run twice.

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_sky_sample' AND column_name = 'tangent_latitude_deg'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_sky_sample
        ADD COLUMN tangent_latitude_deg DOUBLE NULL COMMENT ''of the airglow layer, geodetic'' AFTER zenith_deg,
        ADD COLUMN tangent_longitude_deg DOUBLE NULL COMMENT ''-180 to 180'' AFTER tangent_latitude_deg,
        ADD COLUMN tangent_height_m DOUBLE NULL COMMENT ''above the ellipsoid'' AFTER tangent_longitude_deg,
        ADD COLUMN tangent_azimuth_deg DOUBLE NULL COMMENT ''of the line onward'' AFTER tangent_height_m,
        ADD COLUMN tangent_zenith_deg DOUBLE NULL COMMENT ''from the vertical there'' AFTER tangent_azimuth_deg,
        ADD COLUMN wind_bound_mps DOUBLE NULL COMMENT ''Cramér-Rao bound of the fit'' AFTER wind_zero_error_mps,
        ADD COLUMN temperature_bound_k DOUBLE NULL COMMENT ''likewise'' AFTER temperature_error_k',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
