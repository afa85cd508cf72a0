-- The winds of cycles with the time that each component holds for: that of the cycle in rows of earlier loads.

CREATE OR REPLACE SQL SECURITY DEFINER VIEW fpi_horizontal_wind AS
SELECT
    wind.site, place.name AS site_name, place.latitude_deg AS site_latitude_deg,
    place.longitude_deg AS site_longitude_deg, wind.local_date, wind.instrument, wind.tag, wind.cycle_number,
    wind.start_time, wind.mid_time, wind.stop_time,
    COALESCE(wind.zonal_time, wind.mid_time) AS zonal_time,
    COALESCE(wind.meridional_time, wind.mid_time) AS meridional_time,
    COALESCE(wind.vertical_time, wind.mid_time) AS vertical_time,
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
