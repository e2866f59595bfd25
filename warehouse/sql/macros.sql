-- What DuckDB has no function for, said in DuckDB's SQL. A query gets the macros that its text names, no others.
--
-- Types are known to DuckDB alone, once it has bound the query; typeof() and cast_to_type() are constants by then,
-- so a macro can tell a date from a text. A variable of a lambda is named td__…, which no user's text may say. TRY() stands
-- in a lambda: what is aggregated, a window or a subquery cannot stand in it, but in the list that the lambda goes through.

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
    THEN list_transform([trim(value)], lambda td__v: td__seconds(TRY(
      td__moment(TRY_CAST(regexp_extract(td__v, '^[0-9: .T-]*[0-9]') AS TIMESTAMP),
        td__zone_key(regexp_extract(td__v, '[A-SU-Za-z][A-Za-z/_]+$|T[A-Za-z/_]+$'))))))[1]
  END;

CREATE TEMP MACRO td__zone_key(name) AS
  CASE upper(name)
  WHEN 'JST' THEN 'Asia/Tokyo' WHEN 'PST' THEN 'America/Los_Angeles' WHEN 'CST' THEN 'America/Chicago'
  WHEN 'EST' THEN 'Etc/GMT+5' WHEN 'MST' THEN 'Etc/GMT+7' WHEN 'PDT' THEN 'Etc/GMT+7' WHEN 'MDT' THEN 'Etc/GMT+6'
  WHEN 'CDT' THEN 'Etc/GMT+5' WHEN 'EDT' THEN 'Etc/GMT+4' WHEN 'GMT' THEN 'UTC'
  WHEN '' THEN 'UTC' ELSE name END;

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

CREATE TEMP MACRO td__fail(message) AS CAST(message AS INTEGER);

CREATE TEMP MACRO td__div(a, b) AS CASE
  WHEN b = 0 THEN cast_to_type(
    CASE WHEN typeof(a + b + 0::BIGINT) NOT IN ('DOUBLE', 'FLOAT') THEN 'Division by zero'
         WHEN a > 0 THEN 'Infinity' WHEN a < 0 THEN '-Infinity' ELSE 'NaN' END,
    a + b + 0::BIGINT)
  WHEN typeof(a + b + 0::BIGINT) LIKE 'DECIMAL%'
    THEN cast_to_type(CAST(a AS DOUBLE) / CAST(b AS DOUBLE) * 1.0000000000000004::DOUBLE, a + b + 0::BIGINT)
  WHEN typeof(a + b + 0::BIGINT) IN ('DOUBLE', 'FLOAT')
    THEN cast_to_type(CAST(a AS DOUBLE) / CAST(b AS DOUBLE), a + b + 0::BIGINT)
  ELSE cast_to_type(a // b, a + b + 0::BIGINT) END;

CREATE TEMP MACRO td__mod(a, b) AS CASE
  WHEN b = 0 THEN cast_to_type(
    CASE WHEN typeof(a % b) IN ('DOUBLE', 'FLOAT') THEN 'NaN' ELSE 'Division by zero' END, a % b)
  ELSE a % b END;

CREATE TEMP MACRO td__avg(value) AS CASE
  WHEN typeof(any_value(value)) LIKE 'DECIMAL%'
    THEN round(avg(value), CAST(regexp_extract(typeof(any_value(value)), ',(\d+)', 1) AS INTEGER))
  ELSE avg(value) END;

CREATE TEMP MACRO td__rounded(mean, sample) AS CASE
  WHEN typeof(sample) LIKE 'DECIMAL%' THEN round(mean, CAST(regexp_extract(typeof(sample), ',(\d+)', 1) AS INTEGER))
  ELSE mean END;

CREATE TEMP MACRO td__try_div(a, b) AS
  CASE WHEN b <> 0 OR typeof(a + b + 0::BIGINT) IN ('DOUBLE', 'FLOAT') THEN td__div(a, b) END;

CREATE TEMP MACRO td__try_mod(a, b) AS CASE WHEN b <> 0 OR typeof(a % b) IN ('DOUBLE', 'FLOAT') THEN td__mod(a, b) END;

CREATE TEMP MACRO td__whole(value) AS CASE
  WHEN typeof(value) = 'VARCHAR' THEN cast_to_type(
    CASE WHEN regexp_full_match(value::VARCHAR, '[+-]?\d+') THEN value::VARCHAR
         ELSE 'no whole number: ' || value::VARCHAR END,
    value)
  WHEN typeof(value) IN ('DOUBLE', 'FLOAT') THEN cast_to_type(round(TRY_CAST(value AS DOUBLE)), value)
  ELSE value END;

CREATE TEMP MACRO td__varchar(value) AS CASE
  WHEN typeof(value) IN ('DOUBLE', 'FLOAT') THEN td__double_text(TRY_CAST(value AS DOUBLE), value::VARCHAR)
  WHEN typeof(value) = 'TIMESTAMP' THEN strftime(TRY_CAST(value AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
  WHEN typeof(value) = 'TIMESTAMP WITH TIME ZONE'
    THEN strftime(TRY_CAST(value AS TIMESTAMPTZ), '%Y-%m-%d %H:%M:%S.%g') || ' ' || current_setting('TimeZone')
  WHEN typeof(value) = 'JSON' THEN td__json_text(value::JSON)
  WHEN typeof(value) LIKE '%[]' OR regexp_matches(typeof(value), '^(STRUCT|TUPLE|MAP|BLOB)')
    THEN CAST(td__fail('Cannot cast ' || typeof(value) || ' to varchar') AS VARCHAR)
  ELSE value::VARCHAR END;

CREATE TEMP MACRO td__double_text(value, written) AS CASE
  WHEN isnan(value) THEN 'NaN'
  WHEN isinf(value) THEN CASE WHEN value > 0 THEN 'Infinity' ELSE '-Infinity' END
  WHEN value = 0 THEN CASE WHEN starts_with(written, '-') THEN '-0.0E0' ELSE '0.0E0' END
  WHEN value < 0 THEN '-' || td__scientific(written[2:])
  ELSE td__scientific(written) END;

CREATE TEMP MACRO td__scientific(written) AS CASE
  WHEN contains(written, 'e') THEN td__mantissa(replace(split_part(written, 'e', 1), '.', ''))
    || 'E' || CAST(split_part(written, 'e', 2) AS INTEGER)
  WHEN starts_with(written, '0.') THEN td__mantissa(ltrim(written[3:], '0'))
    || 'E-' || (length(written[3:]) - length(ltrim(written[3:], '0')) + 1)
  ELSE td__mantissa(replace(written, '.', '')) || 'E' || (length(split_part(written, '.', 1)) - 1) END;

CREATE TEMP MACRO td__mantissa(digits) AS digits[1] || '.' || coalesce(nullif(rtrim(digits[2:], '0'), ''), '0');

CREATE TEMP MACRO td__json_text(value) AS CASE
  WHEN json_type(value) IN ('OBJECT', 'ARRAY')
    THEN CAST(td__fail('Cannot cast a JSON object or array to varchar') AS VARCHAR)
  ELSE json_extract_string(value, '$') END;

CREATE TEMP MACRO td__spaces() AS
  chr(32) || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(5760)
  || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201)
  || chr(8202) || chr(8232) || chr(8233) || chr(8287) || chr(12288);

CREATE TEMP MACRO td__length(value) AS CASE
  WHEN typeof(value) = 'BLOB' THEN octet_length(TRY_CAST(value AS BLOB)) ELSE length(value::VARCHAR) END;

CREATE TEMP MACRO td__substr(value, start) AS CASE
  WHEN start = 0 OR -start > length(value) THEN '' ELSE substr(value, start) END;

CREATE TEMP MACRO td__substr_of(value, start, size) AS CASE
  WHEN start = 0 OR -start > length(value) OR size <= 0 THEN '' ELSE substr(value, start, size) END;

CREATE TEMP MACRO td__concat_ws(mark, items) AS CASE
  WHEN typeof(items) LIKE '%[]' THEN array_to_string(TRY_CAST(items AS VARCHAR[]), mark)
  WHEN mark IS NOT NULL THEN coalesce(items::VARCHAR, '') END;

CREATE TEMP MACRO td__split_limit(value, mark, most) AS CASE
  WHEN len(string_split(value, mark)) <= most THEN string_split(value, mark)
  ELSE list_concat(string_split(value, mark)[1:most - 1],
    [array_to_string(string_split(value, mark)[most:], mark)]) END;

CREATE TEMP MACRO td__split_part(value, mark, place) AS CASE
  WHEN place < 1 THEN CAST(td__fail('split_part() counts from 1') AS VARCHAR) ELSE string_split(value, mark)[place] END;

CREATE TEMP MACRO td__split_to_map(value, entries, pair) AS map_from_entries(
  list_transform(list_filter(string_split(value, entries), lambda td__v: td__v <> ''),
    lambda td__v: {'key': split_part(td__v, pair, 1), 'value': td__v[length(split_part(td__v, pair, 1)) + length(pair) + 1:]}));

CREATE TEMP MACRO td__regexp_extract(value, pattern, which) AS
  CASE WHEN regexp_matches(value, pattern) THEN regexp_extract(value, pattern, which) END;

CREATE TEMP MACRO td__regexp_count(value, pattern) AS len(regexp_extract_all(value, pattern));

CREATE TEMP MACRO td__replacement(value) AS CASE
  WHEN contains(value, '\') THEN CAST(td__fail('a replacement with a backslash must be a constant') AS VARCHAR)
  ELSE regexp_replace(value, '\$(\d)', '\\\1', 'g') END;

CREATE TEMP MACRO td__digits(value) AS CASE
  WHEN regexp_full_match(typeof(value), 'U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?') THEN value::VARCHAR
  ELSE CAST(td__fail('format(): %d needs a whole number') AS VARCHAR) END;

CREATE TEMP MACRO td__plain(value) AS CAST(value AS VARCHAR);

CREATE TEMP MACRO td__thousands(written) AS CASE WHEN starts_with(written, '-') THEN '-' ELSE '' END
  || format('{:,}', CAST(split_part(ltrim(written, '-'), '.', 1) AS BIGINT))
  || CASE WHEN contains(written, '.') THEN '.' || split_part(written, '.', 2) ELSE '' END;

CREATE TEMP MACRO td__signed(written) AS CASE WHEN starts_with(written, '-') THEN written ELSE '+' || written END;

CREATE TEMP MACRO td__pad_left(written, width) AS
  CASE WHEN length(written) < width THEN lpad(written, width, ' ') ELSE written END;

CREATE TEMP MACRO td__pad_right(written, width) AS
  CASE WHEN length(written) < width THEN rpad(written, width, ' ') ELSE written END;

CREATE TEMP MACRO td__pad_zeros(written, width) AS CASE
  WHEN length(written) >= width THEN written
  WHEN regexp_matches(written, '^[+-]') THEN written[1] || lpad(written[2:], width - 1, '0')
  ELSE lpad(written, width, '0') END;

CREATE TEMP MACRO td__greatest(items) AS CASE WHEN list_count(items) = len(items) THEN list_max(items) END;

CREATE TEMP MACRO td__least(items) AS CASE WHEN list_count(items) = len(items) THEN list_min(items) END;

CREATE TEMP MACRO td__random_1(most) AS CAST(floor(random() * most) AS BIGINT);

CREATE TEMP MACRO td__random_2(least, most) AS CAST(least + floor(random() * (most - least)) AS BIGINT);

CREATE TEMP MACRO td__bitwise_not(value) AS ~value;

CREATE TEMP MACRO td__shift_left(value, places) AS value << places;

CREATE TEMP MACRO td__shift_right(value, places) AS CASE
  WHEN value < 0 THEN td__fail('bitwise_right_shift() of a negative number is not available here') ELSE value >> places END;

CREATE TEMP MACRO td__to_base(value, base) AS
  CASE WHEN value < 0 THEN '-' ELSE '' END || lower(to_base(abs(value), base));

CREATE TEMP MACRO td__width_bucket(value, least, most, buckets) AS CASE
  WHEN least < most THEN CASE WHEN value < least THEN 0 WHEN value >= most THEN buckets + 1
    ELSE CAST(floor((value - least)::DOUBLE * buckets / (most - least)) AS BIGINT) + 1 END
  ELSE CASE WHEN value > least THEN 0 WHEN value <= most THEN buckets + 1
    ELSE CAST(floor((least - value)::DOUBLE * buckets / (least - most)) AS BIGINT) + 1 END END;

CREATE TEMP MACRO td__md5(value) AS unhex(md5(value));

CREATE TEMP MACRO td__sha1(value) AS unhex(sha1(value));

CREATE TEMP MACRO td__sha256(value) AS unhex(sha256(value));

CREATE TEMP MACRO td__hmac_pad(key, half) AS
  CAST(xor(CAST(key || unhex(repeat('00', CAST(64 - octet_length(key) AS BIGINT))) AS BIT), CAST(unhex(repeat(half, 64)) AS BIT)) AS BLOB);

CREATE TEMP MACRO td__hmac_md5(value, key) AS unhex(md5(
  td__hmac_pad(CASE WHEN octet_length(key) > 64 THEN unhex(md5(key)) ELSE key END, '5c') || unhex(md5(
  td__hmac_pad(CASE WHEN octet_length(key) > 64 THEN unhex(md5(key)) ELSE key END, '36') || value))));

CREATE TEMP MACRO td__hmac_sha1(value, key) AS unhex(sha1(
  td__hmac_pad(CASE WHEN octet_length(key) > 64 THEN unhex(sha1(key)) ELSE key END, '5c') || unhex(sha1(
  td__hmac_pad(CASE WHEN octet_length(key) > 64 THEN unhex(sha1(key)) ELSE key END, '36') || value))));

CREATE TEMP MACRO td__hmac_sha256(value, key) AS unhex(sha256(
  td__hmac_pad(CASE WHEN octet_length(key) > 64 THEN unhex(sha256(key)) ELSE key END, '5c') || unhex(sha256(
  td__hmac_pad(CASE WHEN octet_length(key) > 64 THEN unhex(sha256(key)) ELSE key END, '36') || value))));

CREATE TEMP MACRO td__to_base64url(value) AS translate(to_base64(value), '+/', '-_');

CREATE TEMP MACRO td__from_base64url(value) AS from_base64(translate(value, '-_', '+/'));

CREATE TEMP MACRO td__url_encode(value) AS
  replace(replace(replace(url_encode(value), '%20', '+'), '%2A', '*'), '~', '%7E');

CREATE TEMP MACRO td__url_decode(value) AS url_decode(replace(value, '+', ' '));

CREATE TEMP MACRO td__td_url_decode(value) AS
  list_transform([replace(value, '+', ' ')], lambda td__v: TRY(url_decode(td__v)))[1];

CREATE TEMP MACRO td__uri(url) AS CASE
  WHEN regexp_full_match(url, '([^\x00-\x20"<>\\^`{|}%\x7f-\xa0#\[\]]|%[0-9A-Fa-f]{2}|[\[\]]|#)*')
    AND regexp_full_match(url, '([A-Za-z][A-Za-z0-9+.-]*:)?(//[^/?#]*)?[^?#\[\]]*([?][^#]*)?(#[^#]*)?') THEN url END;

CREATE TEMP MACRO td__url_authority(url) AS
  regexp_extract(td__uri(url), '^([A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)', 2);

CREATE TEMP MACRO td__url_server(authority) AS CASE
  WHEN regexp_full_match(authority, '([^@]*@)?((([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])\.)*([A-Za-z]|[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9])\.?|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?')
  THEN regexp_replace(authority, '^[^@]*@', '') WHEN authority IS NOT NULL THEN '' END;

CREATE TEMP MACRO td__url_host(url) AS regexp_replace(td__url_server(td__url_authority(url)), ':[0-9]*$', '');

CREATE TEMP MACRO td__url_port(url) AS
  TRY_CAST(regexp_extract(td__url_server(td__url_authority(url)), ':([0-9]+)$', 1) AS BIGINT);

CREATE TEMP MACRO td__url_protocol(url) AS regexp_extract(td__uri(url), '^([A-Za-z][A-Za-z0-9+.-]*):', 1);

CREATE TEMP MACRO td__url_path(url) AS CASE
  WHEN regexp_matches(td__uri(url), '^[A-Za-z][A-Za-z0-9+.-]*:[^/]') THEN ''
  ELSE url_decode(regexp_extract(td__uri(url), '^([A-Za-z][A-Za-z0-9+.-]*:)?(//[^/?#]*)?([^?#]*)', 3)) END;

CREATE TEMP MACRO td__url_query(url) AS url_decode(td__url_raw_query(url));

CREATE TEMP MACRO td__url_raw_query(url) AS regexp_extract(td__uri(url), '^[^?#]*[?]([^#]*)', 1);

CREATE TEMP MACRO td__url_fragment(url) AS url_decode(regexp_extract(td__uri(url), '#(.*)$', 1));

CREATE TEMP MACRO td__url_parameter(url, name) AS td__url_value(
  list_filter(string_split(td__url_raw_query(url), '&'), lambda td__v: split_part(td__v, '=', 1) = name)[1]);

CREATE TEMP MACRO td__url_value(pair) AS CASE
  WHEN contains(pair, '=') THEN td__url_decode(regexp_replace(pair, '^[^=]*=', '')) WHEN pair IS NOT NULL THEN '' END;

CREATE TEMP MACRO td__millisecond(value) AS millisecond(value) % 1000;

CREATE TEMP MACRO td__date_trunc(unit, value) AS cast_to_type(date_trunc(unit, value), value);

CREATE TEMP MACRO td__to_unixtime(value) AS epoch(CAST(value AS TIMESTAMPTZ));

CREATE TEMP MACRO td__session_zone() AS current_setting('TimeZone');

CREATE TEMP MACRO td__clock_offset(clock, moment, letters) AS td__offset_text(
  CAST(round(epoch(CAST(clock AS TIMESTAMP)) - epoch(CAST(moment AS TIMESTAMPTZ))) AS BIGINT), letters);

CREATE TEMP MACRO td__iso8601(value) AS CASE
  WHEN typeof(value) = 'DATE' THEN value::VARCHAR
  WHEN typeof(value) = 'TIMESTAMP' THEN strftime(TRY_CAST(value AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g')
  ELSE strftime(TRY_CAST(value AS TIMESTAMPTZ), '%Y-%m-%dT%H:%M:%S.%g')
    || td__clock_offset(TRY_CAST(value AS TIMESTAMPTZ), TRY_CAST(value AS TIMESTAMPTZ), 'XXX') END;

CREATE TEMP MACRO td__from_iso8601(value) AS CASE
  WHEN regexp_full_match(value, '\d{4}-\d\d-\d\d(T\d\d(:\d\d(:\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?')
    THEN CAST(replace(regexp_replace(value, '^([^T]*T\d\d)(Z|[+-].*)?$', '\1:00\2'), ',', '.') AS TIMESTAMPTZ)
  WHEN value IS NOT NULL THEN CAST(td__fail('no ISO 8601 time: ' || value) AS TIMESTAMPTZ) END;

CREATE TEMP MACRO td__iso_date(value) AS CAST(strptime(value, '%Y-%m-%d') AS DATE);

CREATE TEMP MACRO td__cardinality(items) AS CASE
  WHEN typeof(items) LIKE '%[]' THEN len(TRY_CAST(items AS VARCHAR[]))
  WHEN typeof(items) LIKE 'MAP%' OR typeof(items) LIKE '%NULL%' THEN len(json_keys(to_json(items)))
  ELSE td__fail('cardinality of a ' || typeof(items)) END;

CREATE TEMP MACRO td__at(items, place) AS CASE
  WHEN typeof(items) LIKE '%[]' AND TRY_CAST(place AS BIGINT) < 1
    THEN cast_to_type(td__fail('an array subscript counts from 1'), items[place])
  WHEN items[place] IS NOT NULL THEN items[place]
  WHEN items IS NULL OR place IS NULL OR regexp_matches(typeof(items), '^(STRUCT|TUPLE)[^\]]*$') THEN NULL
  WHEN typeof(items) LIKE 'MAP%' AND list_contains(json_keys(to_json(items)), place::VARCHAR) THEN NULL
  WHEN typeof(items) LIKE '%[]' AND TRY_CAST(place AS BIGINT) <= json_array_length(to_json(items)) THEN NULL
  ELSE cast_to_type(td__fail('nothing at subscript ' || place::VARCHAR), items[place]) END;

CREATE TEMP MACRO td__contains(items, value) AS CASE
  WHEN items IS NULL OR value IS NULL THEN NULL
  WHEN list_contains(items, value) THEN true
  WHEN list_count(items) < len(items) THEN NULL
  ELSE false END;

CREATE TEMP MACRO td__array_distinct(items) AS
  list_filter(items, lambda td__v, td__n: list_position(items, td__v) = td__n);

CREATE TEMP MACRO td__array_except(items, others) AS
  td__array_distinct(list_filter(items, lambda td__o: list_position(others, td__o) IS NULL));

CREATE TEMP MACRO td__array_intersect(items, others) AS
  td__array_distinct(list_filter(items, lambda td__o: list_position(others, td__o) IS NOT NULL));

CREATE TEMP MACRO td__array_union(items, others) AS td__array_distinct(items || others);

CREATE TEMP MACRO td__array_max(items) AS CASE WHEN list_count(items) = len(items) THEN list_max(items) END;

CREATE TEMP MACRO td__array_min(items) AS CASE WHEN list_count(items) = len(items) THEN list_min(items) END;

CREATE TEMP MACRO td__array_position(items, value) AS CASE
  WHEN items IS NULL OR value IS NULL THEN NULL ELSE coalesce(list_position(items, value), 0) END;

CREATE TEMP MACRO td__array_remove(items, value) AS
  CASE WHEN value IS NOT NULL THEN list_filter(items, lambda td__v: td__v IS DISTINCT FROM value) END;

CREATE TEMP MACRO td__array_sort(items) AS list_sort(items, 'ASC', 'NULLS LAST');

CREATE TEMP MACRO td__arrays_overlap(items, others) AS CASE
  WHEN len(list_filter(items, lambda td__v: td__v IS NOT NULL AND list_contains(others, td__v))) > 0 THEN true
  WHEN items IS NULL OR others IS NULL THEN NULL
  WHEN list_count(items) < len(items) OR list_count(others) < len(others) THEN NULL
  ELSE false END;

CREATE TEMP MACRO td__array_join(items, mark) AS
  array_to_string(list_transform(items, lambda td__v: td__varchar(td__v)), mark);

CREATE TEMP MACRO td__array_join_all(items, mark, nothing) AS
  array_to_string(list_transform(items, lambda td__v: coalesce(td__varchar(td__v), nothing)), mark);

CREATE TEMP MACRO td__repeat(value, times) AS list_transform(range(times), lambda td__v: value);

CREATE TEMP MACRO td__slice(items, start, size) AS CASE
  WHEN start = 0 THEN cast_to_type(td__fail('slice() counts from 1'), items)
  WHEN start < 0 AND -start > len(items) THEN items[1:0]
  WHEN start < 0 THEN items[len(items) + start + 1:len(items) + start + size]
  ELSE items[start:start + size - 1] END;

CREATE TEMP MACRO td__trim_array(items, count) AS items[1:len(items) - count];

CREATE TEMP MACRO td__sequence(first, last) AS
  CASE WHEN first <= last THEN generate_series(first, last) ELSE generate_series(first, last, -1) END;

CREATE TEMP MACRO td__sequence_by(first, last, step) AS list_filter(
  list_transform(range(len(generate_series(first, last, step))),
    lambda td__n: cast_to_type(first + step * td__n, first)),
  lambda td__v: td__v BETWEEN least(first, last) AND greatest(first, last));

CREATE TEMP MACRO td__places(items, others) AS
  CASE WHEN items IS NOT NULL AND others IS NOT NULL THEN range(1, greatest(len(items), len(others)) + 1) END;

CREATE TEMP MACRO td__any(answers) AS CASE
  WHEN list_contains(answers, true) THEN true WHEN list_count(answers) = len(answers) THEN false END;

CREATE TEMP MACRO td__all(answers) AS CASE
  WHEN list_contains(answers, false) THEN false WHEN list_count(answers) = len(answers) THEN true END;

CREATE TEMP MACRO td__none(answers) AS NOT td__any(answers);

CREATE TEMP MACRO td__json_extract(value, path) AS CASE WHEN json_valid(value) THEN json_extract(value, path) END;

CREATE TEMP MACRO td__json_scalar(value, path) AS CASE
  WHEN json_valid(value) AND coalesce(json_type(value, path), 'NULL') NOT IN ('OBJECT', 'ARRAY')
    THEN json_extract_string(value, path) END;

CREATE TEMP MACRO td__json_size(value, path) AS CASE WHEN json_valid(value) THEN CASE json_type(value, path)
  WHEN 'OBJECT' THEN len(json_keys(value, path)) WHEN 'ARRAY' THEN CAST(json_array_length(value, path) AS BIGINT)
  WHEN NULL THEN NULL ELSE CASE WHEN json_type(value, path) IS NOT NULL THEN 0 END END END;

CREATE TEMP MACRO td__json_format(value) AS CAST(value AS VARCHAR);

CREATE TEMP MACRO td__json_array_length(value) AS CASE
  WHEN json_valid(value) AND json_type(value) = 'ARRAY' THEN CAST(json_array_length(value) AS BIGINT) END;

CREATE TEMP MACRO td__json_array_contains(value, item) AS CASE
  WHEN json_valid(value) AND json_type(value) = 'ARRAY'
    THEN list_contains(json_extract(value, '$[*]'), to_json(item)) END;

CREATE TEMP MACRO td__json_array_get(value, place) AS CASE
  WHEN json_valid(value) AND json_type(value) = 'ARRAY' THEN td__no_text(
    list_extract(json_extract(value, '$[*]'), CASE WHEN place < 0 THEN place ELSE place + 1 END)) END;

CREATE TEMP MACRO td__no_text(item) AS CASE
  WHEN json_type(item) = 'VARCHAR'
    THEN CAST(td__fail('json_array_get() of a text: write json_extract_scalar(x, ''$[0]'')') AS JSON)
  WHEN json_type(item) = 'NULL' THEN NULL
  ELSE item END;

CREATE TEMP MACRO td__is_json_scalar(value) AS json_type(value) NOT IN ('OBJECT', 'ARRAY');

CREATE TEMP MACRO td__geometric_mean(value) AS exp(avg(ln(value)));

CREATE TEMP MACRO td__max_by(value, key, count) AS (list(value ORDER BY key DESC) FILTER (WHERE key IS NOT NULL))[1:count];

CREATE TEMP MACRO td__min_by(value, key, count) AS (list(value ORDER BY key ASC) FILTER (WHERE key IS NOT NULL))[1:count];

CREATE TEMP MACRO td__map_agg(key, value) AS
  td__map_of(list({'k': key, 'v': value}) FILTER (WHERE key IS NOT NULL));

CREATE TEMP MACRO td__map_of(entries) AS map(
  td__array_distinct(list_transform(entries, lambda td__e: td__e.k)),
  list_transform(td__array_distinct(list_transform(entries, lambda td__e: td__e.k)),
    lambda td__k: list_filter(entries, lambda td__e: td__e.k = td__k)[1].v));

CREATE TEMP MACRO td__multimap_agg(key, value) AS
  td__multimap_of(list({'k': key, 'v': value}) FILTER (WHERE key IS NOT NULL));

CREATE TEMP MACRO td__multimap_of(entries) AS map(
  td__array_distinct(list_transform(entries, lambda td__e: td__e.k)),
  list_transform(td__array_distinct(list_transform(entries, lambda td__e: td__e.k)),
    lambda td__k: list_transform(list_filter(entries, lambda td__e: td__e.k = td__k), lambda td__e: td__e.v)));

CREATE TEMP MACRO td__numeric_range_1(count) AS range(count);

CREATE TEMP MACRO td__numeric_range_2(first, last) AS range(first, last);

CREATE TEMP MACRO td__numeric_range_3(first, last, step) AS range(first, last, step);

CREATE TEMP MACRO td__ordinals(sizes) AS range(1, CAST(list_max(sizes) AS BIGINT) + 1);

CREATE TEMP MACRO td__session(run, use, keys, number) AS
  CAST(CAST(md5(run || '/' || use || '/' || keys || '/' || number) AS UUID) AS VARCHAR);

CREATE TEMP MACRO td__hive_div(a, b) AS CAST(a AS DOUBLE) / nullif(CAST(b AS DOUBLE), 0);

CREATE TEMP MACRO td__hive_whole_div(a, b) AS CAST(trunc(CAST(a AS DOUBLE) / nullif(CAST(b AS DOUBLE), 0)) AS BIGINT);

CREATE TEMP MACRO td__hive_mod(a, b) AS a % nullif(b, 0);

CREATE TEMP MACRO td__hive_pmod(a, b) AS (a % nullif(b, 0) + b) % nullif(b, 0);

CREATE TEMP MACRO td__hive_at(items, place) AS CASE
  WHEN typeof(items) LIKE '%[]'
    THEN CASE WHEN TRY_CAST(place AS BIGINT) >= 0 THEN items[cast_to_type(TRY_CAST(place AS BIGINT) + 1, place)] END
  ELSE items[place] END;

CREATE TEMP MACRO td__hive_whole(value) AS CASE
  WHEN typeof(value) = 'VARCHAR' THEN CASE
    WHEN regexp_full_match(trim(value::VARCHAR), '[+-]?\d+') THEN TRY_CAST(trim(value::VARCHAR) AS HUGEINT)
    ELSE TRY_CAST(trunc(TRY_CAST(value::VARCHAR AS DOUBLE)) AS HUGEINT) END
  WHEN regexp_matches(typeof(value), '^(DOUBLE|FLOAT|DECIMAL)')
    THEN TRY_CAST(trunc(TRY_CAST(value AS DECIMAL(38, 6))) AS HUGEINT)
  WHEN typeof(value) = 'TIMESTAMP' THEN TRY_CAST(floor(epoch(TRY_CAST(value AS TIMESTAMP))) AS HUGEINT)
  ELSE TRY_CAST(value AS HUGEINT) END;

CREATE TEMP MACRO td__hive_text(value) AS CASE
  WHEN typeof(value) IN ('DOUBLE', 'FLOAT') THEN td__java_text(TRY_CAST(value AS DOUBLE), value::VARCHAR)
  WHEN typeof(value) = 'BOOLEAN' THEN upper(value::VARCHAR)
  WHEN typeof(value) = 'BLOB' THEN decode(TRY_CAST(value AS BLOB))
  ELSE value::VARCHAR END;

CREATE TEMP MACRO td__java_text(value, written) AS CASE
  WHEN abs(value) >= 0.001 AND abs(value) < 10000000 THEN written
  WHEN value = 0 THEN written
  ELSE td__double_text(value, written) END;

CREATE TEMP MACRO td__hive_list(value) AS CASE
  WHEN typeof(value) LIKE '%[]' THEN TRY_CAST(value AS VARCHAR[]) ELSE [value::VARCHAR] END;

CREATE TEMP MACRO td__hive_json(value, path) AS CASE WHEN json_valid(value) THEN json_extract_string(value, path) END;

CREATE TEMP MACRO td__hive_url(url) AS CASE WHEN regexp_matches(url, '^(?i)(https?|ftp|file|jar|mailto):') THEN url END;

CREATE TEMP MACRO td__hive_url_host(url) AS
  regexp_extract(td__hive_url(url), '^[^:/?#]+://([^/?#@]*@)?([^/?#:]*)', 2);

CREATE TEMP MACRO td__hive_url_path(url) AS regexp_extract(td__hive_url(url), '^[^:/?#]+:(//[^/?#]*)?([^?#]*)', 2);

CREATE TEMP MACRO td__hive_url_query(url) AS CASE WHEN regexp_matches(td__hive_url(url), '^[^#]*[?]')
  THEN regexp_extract(url, '^[^?#]*[?]([^#]*)', 1) END;

CREATE TEMP MACRO td__hive_url_file(url) AS regexp_extract(td__hive_url(url), '^[^:/?#]+:(//[^/?#]*)?([^#]*)', 2);

CREATE TEMP MACRO td__hive_url_ref(url) AS
  CASE WHEN contains(td__hive_url(url), '#') THEN regexp_extract(url, '#(.*)$', 1) END;

CREATE TEMP MACRO td__hive_url_protocol(url) AS lower(regexp_extract(td__hive_url(url), '^([^:/?#]+):', 1));

CREATE TEMP MACRO td__hive_url_authority(url) AS
  nullif(regexp_extract(td__hive_url(url), '^[^:/?#]+://([^/?#]*)', 1), '');

CREATE TEMP MACRO td__hive_url_userinfo(url) AS
  CASE WHEN contains(td__hive_url_authority(url), '@') THEN regexp_extract(url, '//([^@/?#]*)@', 1) END;

CREATE TEMP MACRO td__hive_url_key(url, name) AS regexp_replace(list_filter(
  string_split(td__hive_url_query(url), '&'), lambda td__v: starts_with(td__v, name || '='))[1], '^[^=]*=', '');

CREATE TEMP MACRO td__hive_time(value) AS TRY_CAST(value AS TIMESTAMP);

CREATE TEMP MACRO td__hive_date(value) AS CASE
  WHEN typeof(value) = 'VARCHAR' THEN TRY_CAST(left(value::VARCHAR, 10) AS DATE) ELSE TRY_CAST(value AS DATE) END;

CREATE TEMP MACRO td__hive_unix(value) AS td__seconds(CAST(TRY_CAST(value AS TIMESTAMP) AS TIMESTAMPTZ));

CREATE TEMP MACRO td__hive_datediff(last, first) AS date_diff('day', td__hive_date(first), td__hive_date(last));

CREATE TEMP MACRO td__hive_add_months(value, months) AS CAST(CASE
  WHEN td__hive_date(value) = last_day(td__hive_date(value)) THEN last_day(td__hive_date(value) + to_months(months))
  ELSE td__hive_date(value) + to_months(months) END AS DATE);

CREATE TEMP MACRO td__hive_weekday(value) AS dayofweek(value) + 1;

CREATE TEMP MACRO td__hive_contains(items, value) AS coalesce(list_contains(items, value), false);

CREATE TEMP MACRO td__hive_sort(items) AS list_sort(items, 'ASC', 'NULLS FIRST');

CREATE TEMP MACRO td__hive_positions(items) AS range(td__cardinality(items));

CREATE TEMP MACRO td__hive_space(count) AS repeat(' ', count);

CREATE TEMP MACRO td__hive_substr(value, start) AS CASE
  WHEN -start > length(value) THEN '' ELSE substr(value, CASE WHEN start = 0 THEN 1 ELSE start END) END;

CREATE TEMP MACRO td__hive_substr_of(value, start, size) AS CASE
  WHEN -start > length(value) OR size < 1 THEN ''
  ELSE substr(value, CASE WHEN start = 0 THEN 1 ELSE start END, size) END;

CREATE TEMP MACRO td__iso8601_clock(value) AS
  CAST(regexp_replace(regexp_replace(replace(value, ',', '.'), '(T.*)(Z|[+-].*)$', '\1'), '^([^T]*T\d\d)$', '\1:00') AS TIMESTAMP);

CREATE TEMP MACRO td__moved(moment, before, after) AS moment + to_microseconds(epoch_us(after) - epoch_us(before));
