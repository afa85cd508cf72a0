-- The part of the Doppler reference in the error of a cycle's vertical wind. It may run twice. Rows of earlier loads have
-- NULL there.

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_cycle_wind'
        AND column_name = 'vertical_wind_reference_error_mps'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_cycle_wind
        ADD COLUMN vertical_wind_reference_error_mps DOUBLE NULL
            COMMENT ''part of the standard error of the vertical wind that the Doppler reference makes, alike in all cycles of the night; the rest of the error, in quadrature, is that of changes over the night''
            AFTER vertical_wind_error_mps',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
