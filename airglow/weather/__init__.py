"""Cloud sensors and temperature loggers: from their files to series in UTC, and to values per frame."""

from airglow.weather.clock import Clock, local_to_utc
from airglow.weather.clouds import read_cloud_file
from airglow.weather.folder import WeatherFolder, read_folder
from airglow.weather.hours import Samples, same_samples, samples_of_hours
from airglow.weather.loggers import read_temperature_log
from airglow.weather.probes import probes_of
from airglow.weather.series import (
    CloudSeries,
    LineCounts,
    Summary,
    TemperatureSeries,
    merge_clouds,
    sensor_cadence_s,
    summarise,
    summarise_values,
)
from airglow.weather.tail import last_time

__all__ = [
    "Clock",
    "CloudSeries",
    "LineCounts",
    "Samples",
    "Summary",
    "TemperatureSeries",
    "WeatherFolder",
    "last_time",
    "local_to_utc",
    "merge_clouds",
    "probes_of",
    "read_cloud_file",
    "read_folder",
    "read_temperature_log",
    "same_samples",
    "samples_of_hours",
    "sensor_cadence_s",
    "summarise",
    "summarise_values",
]
