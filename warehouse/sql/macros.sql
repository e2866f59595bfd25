-- What DuckDB has no function for, said in DuckDB's SQL. A query gets the macros that its text names, no others.
--
-- Types are known to DuckDB alone, once it has bound the query; typeof() and cast_to_type() are constants by then,
-- so a macro can tell a date from a text. A variable of a lambda is named td__…, which no user's text may say.

CREATE TEMP MACRO td__epoch(value, zone) AS
  CASE
  WHEN typeof(value) = 'VARCHAR' THEN td__epoch_of_text(value::VARCHAR, zone)
  WHEN typeof(value) IN ('DATE', 'TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS')
    THEN td__seconds(td__moment(TRY_CAST(value AS TIMESTAMP), zone))
  WHEN typeof(value) = 'TIMESTAMP WITH TIME ZONE' THEN td__seconds(TRY_CAST(value AS TIMESTAMPTZ))
  ELSE TRY_CAST(value AS BIGINT) END;

CREATE TEMP MACRO td__seconds(moment) AS CAST(floor(epoch(moment)) AS BIGINT);

CREATE TEMP MACRO td__moment(clock, zone) AS
  CASE
  WHEN timezone(zone, timezone(zone, clock) - INTERVAL 1 HOUR) = clock THEN timezone(zone, clock) - INTERVAL 1 HOUR
  ELSE timezone(zone, clock) END;

CREATE TEMP MACRO td__epoch_of_text(value, zone) AS
  CASE
  WHEN regexp_full_match(trim(value), '-?\d{9,11}') THEN CAST(value AS BIGINT)
  WHEN regexp_full_match(trim(value), '\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{1,2}(:\d{1,2}([.]\d{1,9})?)?)?')
    THEN td__seconds(td__moment(TRY_CAST(trim(value) AS TIMESTAMP), zone))
  WHEN regexp_full_match(trim(value), '\d{4}(-\d{1,2})?')
    THEN td__seconds(td__moment(TRY_CAST(trim(value)[1:4] || '-' || coalesce(nullif(trim(value)[6:], ''), '01') || '-01'
      AS TIMESTAMP), zone))
  WHEN regexp_full_match(trim(value), '\d{4}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{1,2}(:\d{1,2}([.]\d{1,9})?)? ?(Z|[+-]\d\d(:?\d\d)?)')
    THEN td__seconds(TRY_CAST(regexp_replace(trim(value), ' ?([+-]\d\d):?(\d\d)?$', '\1:\2').rtrim(':') AS TIMESTAMPTZ))
  WHEN regexp_full_match(trim(value), '\d{4}-\d{1,2}-\d{1,2}([ T]\d{1,2}:\d{1,2}(:\d{1,2}([.]\d{1,9})?)?)? ?[A-Za-z][A-Za-z/_]+')
    THEN td__seconds(td__moment(TRY_CAST(regexp_extract(trim(value), '^[0-9: .T-]*[0-9]') AS TIMESTAMP),
      td__zone_key(regexp_extract(trim(value), '[A-SU-Za-z][A-Za-z/_]+$|T[A-Za-z/_]+$'))))
  END;

CREATE TEMP MACRO td__zone_key(name) AS
  CASE upper(name)
  WHEN 'JST' THEN 'Asia/Tokyo' WHEN 'PST' THEN 'America/Los_Angeles' WHEN 'CST' THEN 'America/Chicago'
  WHEN 'EST' THEN 'Etc/GMT+5' WHEN 'MST' THEN 'Etc/GMT+7' WHEN 'PDT' THEN 'Etc/GMT+7' WHEN 'MDT' THEN 'Etc/GMT+6'
  WHEN 'CDT' THEN 'Etc/GMT+5' WHEN 'EDT' THEN 'Etc/GMT+4' WHEN 'GMT' THEN 'UTC' ELSE name END;

CREATE TEMP MACRO td__duration(value) AS
  CASE
  WHEN regexp_full_match(value, '[+-]?\d{1,9}[smhdw]') THEN CAST(value[:-2] AS BIGINT)
    * CASE value[-1] WHEN 's' THEN 1 WHEN 'm' THEN 60 WHEN 'h' THEN 3600 WHEN 'd' THEN 86400 ELSE 604800 END
  WHEN value IS NOT NULL THEN CAST('TD_TIME_ADD(): this is no duration: ' || value AS BIGINT) END;

CREATE TEMP MACRO td__offset_seconds(moment, zone) AS CAST(epoch(timezone(zone, to_timestamp(moment))) - epoch(timezone('UTC', to_timestamp(moment))) AS BIGINT);

CREATE TEMP MACRO td__offset(moment, zone, letters) AS td__offset_text(td__offset_seconds(moment, zone), letters);

CREATE TEMP MACRO td__offset_text(seconds, letters) AS
  CASE
  WHEN seconds = 0 AND letters[1] = 'X' THEN 'Z'
  ELSE CASE WHEN seconds < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(seconds) // 3600 AS VARCHAR), 2, '0')
    || CASE WHEN letters = 'X' AND seconds % 3600 = 0 THEN ''
       ELSE CASE WHEN letters IN ('XXX', 'ZZ') THEN ':' ELSE '' END
         || lpad(CAST(abs(seconds) // 60 % 60 AS VARCHAR), 2, '0') END END;

CREATE TEMP MACRO td__trunc_clock(moment, size, zone) AS CAST(moment AS BIGINT) - ((CAST(moment AS BIGINT) + td__offset_seconds(moment, zone)) % size + size) % size;

CREATE TEMP MACRO td__trunc_day(unit, moment, zone) AS td__seconds(timezone(zone, date_trunc(unit, timezone(zone, to_timestamp(moment)))));

CREATE TEMP MACRO td__trunc_shifting_day(unit, moment, zone) AS td__seconds(td__moment(date_trunc(unit, timezone(zone, to_timestamp(moment))), zone));
