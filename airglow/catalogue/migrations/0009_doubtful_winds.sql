-- Flags and causes of the smooth winds, and the time that each component of a cycle belongs to. Every statement may
-- run twice. Rows of earlier loads have NULL there.

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_smooth_wind' AND column_name = 'causes'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_smooth_wind
        ADD COLUMN flag TINYINT UNSIGNED NULL
            COMMENT ''worst quality of the samples that carry weight; bad where there is no wind; 0 good, 1 caution, 2 bad'',
        ADD COLUMN causes INT UNSIGNED NULL
            COMMENT ''why the samples that carry weight are flagged; sum of fpi_cause.mask''',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;

SET @wanted = (
    SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'fpi_cycle_wind' AND column_name = 'vertical_time'
);
SET @statement = IF(
    @wanted,
    'ALTER TABLE fpi_cycle_wind
        ADD COLUMN zonal_time DATETIME(6) NULL
            COMMENT ''time for which the zonal wind of the cycle holds, UTC; mid_time where there is none'' AFTER mid_time,
        ADD COLUMN meridional_time DATETIME(6) NULL
            COMMENT ''time for which the meridional wind of the cycle holds, UTC; mid_time where there is none'' AFTER zonal_time,
        ADD COLUMN vertical_time DATETIME(6) NULL
            COMMENT ''time for which the vertical wind of the cycle holds, UTC; mid_time where there is none'' AFTER meridional_time',
    'DO 0'
);
PREPARE add_columns FROM @statement;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
