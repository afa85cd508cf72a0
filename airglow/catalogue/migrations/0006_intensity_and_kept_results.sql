-- What intensities are: in the unit of the network, as in every other product, and never counts per pixel. And a
-- night whose earlier result was kept, because a later analysis came to none: its reason says so, and it is shown
-- among the nights to look at. Types stay exactly as they were. Every statement may run twice.

ALTER TABLE fpi_sky_sample
    MODIFY intensity DOUBLE NULL COMMENT 'of the line, per second of exposure, in the unit of the network: the amplitude of a line of 1000 K and this intensity, spread over four free spectral ranges (about 14 times its mean counts per pixel for the red line and a gap of 15 mm)',
    MODIFY intensity_error DOUBLE NULL COMMENT 'standard error of the intensity, in the same unit',
    MODIFY background_error DOUBLE NULL COMMENT 'standard error of the background, counts per pixel per second';

ALTER TABLE fpi_night
    MODIFY reason TEXT NOT NULL COMMENT 'a sentence, if the night was not analysed, or if an earlier result was kept because a later analysis came to none';

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_trouble AS
SELECT
    site, local_date, instrument, tag, state,
    IF(
        state = 'analysed' AND reason = '',
        CONCAT('none of ', sky_frames, ' winds is good; ', rejected_frames, ' frames took no part'),
        reason
    ) AS reason,
    updated_at
FROM fpi_night
WHERE state <> 'analysed' OR good_winds = 0 OR reason <> ''
ORDER BY updated_at DESC;
