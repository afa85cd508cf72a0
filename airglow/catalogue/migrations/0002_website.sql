-- The website's table. Where the website is, it is there already, and stays as it is: nothing here may alter it.

CREATE TABLE IF NOT EXISTS DataSet (
    id INT NOT NULL AUTO_INCREMENT,
    Site INT NOT NULL,
    Instrument INT NOT NULL,
    StartUTTime DATETIME NOT NULL,
    StopUTTime DATETIME NOT NULL,
    SummaryImage VARCHAR(255) NULL,
    SummaryMovie VARCHAR(255) NULL,
    LogFile VARCHAR(255) NULL,
    PRIMARY KEY (id),
    KEY DataSet_by_image (SummaryImage)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
